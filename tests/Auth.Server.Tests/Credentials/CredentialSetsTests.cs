using System.Text;
using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Microsoft.EntityFrameworkCore;
using SciLeads.Tests;
using Shared.Contracts;

namespace Auth.Server.Tests.Credentials;

public sealed class CredentialSetsTests
{
    [Test]
    [Category("Check 57")]
    public async Task Of_many_concurrent_replacements_one_succeeds_and_the_others_learn_who_and_when()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var seen = (await server.Generate(account)).Set.Id;

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 12).Select(i => Try(server, account, seen, $"administrator {i}")));

        var winner = answers.Single(answer => answer.Issued is not null).Issued!;
        Assert.That((await server.FindActive(account))!.Id, Is.EqualTo(winner.Set.Id));
        foreach (var refusal in answers.Where(answer => answer.Issued is null).Select(answer => answer.Refusal!))
        {
            Assert.That(refusal.Status, Is.EqualTo(409));
            Assert.That(refusal.Message, Does.StartWith(winner.Set.CreatedBy).And.Contains("UTC"));
        }
    }

    [Test]
    public async Task Of_two_concurrent_first_sets_only_one_is_created()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();

        var answers = await Task.WhenAll(Try(server, account, null, "one"), Try(server, account, null, "two"));

        Assert.That(answers.Count(answer => answer.Issued is not null), Is.EqualTo(1));
        Assert.That(answers.Single(answer => answer.Refusal is not null).Refusal!.Status, Is.EqualTo(409));
    }

    [Test]
    public async Task A_generation_is_larger_than_all_earlier_ones_even_if_the_clock_went_back()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var ahead = server.Time.GetUtcNow().AddYears(1).ToUnixTimeMilliseconds();
        await server.WithDatabase(db => db.Accounts.ExecuteUpdateAsync(
            change => change.SetProperty(a => a.LastGeneration, ahead)));

        var first = await server.Generate(account);
        var second = await server.Generate(account);

        Assert.That(first.Set.Generation, Is.EqualTo(ahead + 1));
        Assert.That(second.Set.Generation, Is.EqualTo(ahead + 2));
    }

    [Test]
    public async Task A_generation_is_the_time_in_milliseconds_where_that_is_larger()
    {
        await using var server = await AuthServer.Start();
        var issued = await server.Generate(await server.CreateAccount());
        // On PostgreSQL, the generation is taken from the database's clock.
        Assert.That(issued.Set.Generation, TestPostgres.IsWanted
            ? Is.EqualTo(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()).Within(60_000)
            : Is.EqualTo(server.Time.GetUtcNow().ToUnixTimeMilliseconds()));
    }

    [Test]
    public async Task The_database_itself_refuses_a_second_active_set()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.Generate(account);

        var second = server.WithDatabase(async db =>
        {
            db.CredentialSets.Add(new()
            {
                AccountId = account.Id,
                Method = CredentialMethods.DirectJwt,
                State = CredentialSetState.Active,
                Generation = long.MaxValue,
                CreatedAt = DateTime.UtcNow,
                CreatedBy = "a mistake",
            });
            return await db.SaveChangesAsync();
        });

        Assert.That(async () => await second, Throws.InstanceOf<DbUpdateException>());
    }

    [Test]
    public async Task Without_SCIM_nothing_is_generated_and_nothing_ends()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var current = (await server.Generate(account)).Set;
        await server.With((AccountRegister accounts) =>
            accounts.Update(account.Id, new(ScimEnabled: false), CancellationToken.None));

        var (_, refusal) = await Try(server, account, current.Id, "an administrator");

        Assert.That(refusal!.Status, Is.EqualTo(403));
        Assert.That(refusal.Message, Does.Contain("support@scileads.com"));
        Assert.That((await server.FindActive(account))!.Id, Is.EqualTo(current.Id));
    }

    [Test]
    public async Task An_expired_set_is_no_longer_current_and_is_recorded_as_expired()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var first = await server.With((CredentialIssuer issuer) => issuer.Generate(
            new(account.Id, null, CredentialMethods.DirectJwt, TestOperations.Actor(), TimeSpan.FromDays(1)),
            CancellationToken.None));
        server.Time.Advance(TimeSpan.FromDays(2));

        Assert.That(await server.FindActive(account), Is.Null);
        await server.Generate(account);

        var ended = await server.WithDatabase(db => db.CredentialSets.SingleAsync(set => set.Id == first.Set.Id));
        Assert.That(ended.EndReason, Is.EqualTo(CredentialSetEnd.Expired));
        Assert.That(ended.EndedAt, Is.EqualTo(first.Set.ExpiresAt));
    }

    [Test]
    public async Task A_revoked_set_has_no_successor_and_cannot_be_revoked_twice()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var set = (await server.Generate(account)).Set;

        await Revoke();

        Assert.That(await server.FindActive(account), Is.Null);
        Assert.That(async () => await Revoke(), Throws.TypeOf<ProblemException>()
            .With.Property(nameof(ProblemException.Status)).EqualTo(409).And.Message.StartsWith("the operator"));

        Task Revoke() => server.With<CredentialSets, bool>(async sets =>
        {
            await sets.Revoke(account.Id, set.Id, "the operator", CancellationToken.None);
            return true;
        });
    }

    [Test]
    public async Task Sets_of_two_accounts_are_independent()
    {
        await using var server = await AuthServer.Start();
        var one = await server.CreateAccount("one");
        var two = await server.CreateAccount("two");
        var first = await server.Generate(one);
        await server.Generate(two);
        Assert.That((await server.FindActive(one))!.Id, Is.EqualTo(first.Set.Id));
    }

    [TestCase(1)]
    [TestCase(4 * 365 * 24 * 60)]
    public async Task A_lifetime_out_of_bounds_is_refused(int minutes)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var refusal = server.With((CredentialIssuer issuer) => issuer.Generate(
            new(account.Id, null, CredentialMethods.DirectJwt, TestOperations.Actor(), TimeSpan.FromMinutes(minutes)),
            CancellationToken.None));
        Assert.That(async () => await refusal, Throws.TypeOf<ProblemException>()
            .With.Property(nameof(ProblemException.Status)).EqualTo(400));
    }

    [Test]
    [Category("Check 58")]
    public async Task No_secret_and_no_token_is_in_the_database_files()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var token = (await server.Generate(account)).Token!;
        var secret = (await server.Generate(account, CredentialMethods.OAuth2)).ClientSecret!;

        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(server.DataDirectory)!, "auth.db*"))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            var content = await reader.ReadToEndAsync();
            Assert.That(content, Does.Not.Contain(secret), file);
            Assert.That(content, Does.Not.Contain(token.Split('.')[2]), file);
        }
    }

    private static async Task<(IssuedCredentials? Issued, ProblemException? Refusal)> Try(
        AuthServer server, Account account, Guid? seen, string by)
    {
        try
        {
            return (await server.With((CredentialIssuer issuer) => issuer.Generate(
                new(account.Id, seen, CredentialMethods.DirectJwt, TestOperations.Actor(by)),
                CancellationToken.None)), null);
        }
        catch (ProblemException refusal)
        {
            return (null, refusal);
        }
    }
}
