using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Pages;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Shared.Contracts;

namespace Auth.Server.Tests.Pages;

/// <summary>A form whose response was lost is sent again, and shows the secret that it generated.</summary>
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class RememberedFormsTests
{
    private const string Address = "/scim-credentials/generate";
    private const string Button = "Generate Credentials";
    private AuthServer server = null!;
    private Account account = null!;
    private Browser ada = null!;

    [SetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        ada = await Browser.SignedIn(server);
    }

    [TearDown]
    public async Task Stop()
    {
        ada.Dispose();
        await server.DisposeAsync();
    }

    [TestCase(CredentialMethods.DirectJwt, "", "API Token")]
    [TestCase(CredentialMethods.DirectJwt, "Manual", "API Token")]
    [TestCase(CredentialMethods.OAuth2, "", "Client Secret")]
    [TestCase(CredentialMethods.OAuth2, "FirstUse", "Client Secret")]
    public async Task For_ten_minutes_the_same_form_shows_the_same_secret(string method, string takesOver, string label)
    {
        await server.Generate(account);
        var page = await ada.Open(Address);
        (string, string)[] fields = [("Method", method), ("TakesOver", takesOver), ("ClientCredentialsOnly", "true")];
        var secret = (await ada.Submit(page, Button, fields)).Field(label);
        var sets = await Sets();

        server.Time.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromSeconds(1));
        var again = await ada.Submit(page, Button, fields);

        Assert.That(again.Status, Is.EqualTo(200));
        Assert.That(again.Field(label), Is.EqualTo(secret));
        Assert.That(await Sets(), Is.EqualTo(sets), "no other set was generated");
        var row = await server.WithDatabase(db => db.RememberedForms.AsNoTracking().SingleAsync());
        Assert.That(row.ProtectedSecret, Does.Not.Contain(secret));

        server.Time.Advance(TimeSpan.FromSeconds(2));
        await ada.Submit(await ada.Open("/security/confirm"), "Confirm", ("password", AuthServer.Password));
        var late = await ada.Submit(page, Button, fields);
        Assert.That(late.Status, Is.EqualTo(409));
        Assert.That(late.Html, Does.Not.Contain(secret));
        await server.With(async (RememberedForms forms) =>
        {
            await forms.Forget(CancellationToken.None);
            return true;
        });
        Assert.That(await server.WithDatabase(db => db.RememberedForms.CountAsync()), Is.Zero);
    }

    [TestCase(CredentialMethods.DirectJwt, "", "API Token")]
    [TestCase(CredentialMethods.OAuth2, "Manual", "Client Secret")]
    public async Task A_form_sent_several_times_concurrently_generates_one_set_and_shows_its_secret_each_time(
        string method, string takesOver, string label)
    {
        var page = await ada.Open(Address);

        var answers = await Task.WhenAll(Enumerable.Range(0, 5)
            .Select(_ => ada.Submit(
                page, Button, ("Method", method), ("TakesOver", takesOver), ("ClientCredentialsOnly", "true"))));

        Assert.That(answers.Select(answer => answer.Status), Is.All.EqualTo(200));
        Assert.That(answers.Select(answer => answer.Field(label)).Distinct().Count(), Is.EqualTo(1));
        Assert.That(await server.WithDatabase(db => db.CredentialSets.CountAsync()), Is.EqualTo(1));
    }

    [Test]
    public async Task A_form_submitted_again_before_it_has_the_account_lock_is_processed_once()
    {
        var who = SignedIn.From(await server.WithDatabase(
            db => db.Sessions.AsNoTracking().Include(session => session.Administrator).SingleAsync()));
        NewCredentialSet wanted = new(account.Id, null, CredentialMethods.DirectJwt, TestOperations.Actor());
        IssuedCredentials? other = null;

        var issued = await Once(async () => other = await Once(() => Task.CompletedTask));

        Assert.That(issued.Token, Is.EqualTo(other!.Token));
        Assert.That(await server.WithDatabase(db => db.CredentialSets.CountAsync()), Is.EqualTo(1));

        async Task<IssuedCredentials> Once(Func<Task> meanwhile)
        {
            await using var scope = server.Services.CreateAsyncScope();
            var issuer = scope.ServiceProvider.GetRequiredService<CredentialIssuer>();
            return await scope.ServiceProvider.GetRequiredService<RememberedForms>().Once(
                who,
                "the same form",
                async once =>
                {
                    await meanwhile();
                    return await issuer.Generate(wanted, once, CancellationToken.None);
                },
                CancellationToken.None);
        }
    }

    [Test]
    public async Task Another_session_of_the_same_administrator_does_not_see_the_secret()
    {
        var page = await ada.Open(Address);
        var secret = (await ada.Submit(page, Button, ("Method", CredentialMethods.DirectJwt))).Field("API Token");
        using var other = await Browser.SignedIn(server);
        var forged = (await other.Open("/")).Document
            .QuerySelector("input[name=__RequestVerificationToken]")!.GetAttribute("value")!;

        var refused = await other.Submit(
            page, Button, ("Method", CredentialMethods.DirectJwt), ("__RequestVerificationToken", forged));

        Assert.That(refused.Status, Is.EqualTo(409));
        Assert.That(refused.Html, Does.Not.Contain(secret));
    }

    [Test]
    public async Task A_form_that_is_opened_again_generates_new_credentials_even_with_the_same_values()
    {
        var first = await ada.Open(Address);
        var secret = (await ada.Submit(first, Button, ("Method", CredentialMethods.DirectJwt))).Field("API Token");
        var set = (await server.FindActive(account))!;
        await server.With(async (CredentialSets sets) =>
        {
            await sets.Revoke(account.Id, set.Id, "a test", CancellationToken.None);
            return true;
        });

        var stale = await ada.Submit(first, Button, ("Method", CredentialMethods.DirectJwt));
        Assert.That(stale.Status, Is.EqualTo(409));
        Assert.That(stale.Html, Does.Not.Contain(secret), "it is no longer valid");
        var second = await ada.Submit(await ada.Open(Address), Button, ("Method", CredentialMethods.DirectJwt));
        Assert.That(second.Status, Is.EqualTo(200));
        Assert.That(second.Field("API Token"), Is.Not.EqualTo(secret));
    }

    [Test]
    public async Task A_database_error_between_the_commit_and_the_page_loses_no_secret()
    {
        var page = await ada.Open(Address);
        // The page reads the account with its licences only after the set has been generated.
        await server.WithDatabase(
            db => db.Database.ExecuteSqlRawAsync("ALTER TABLE \"AccountLicence\" RENAME TO \"Away\""));
        var lost = await ada.Submit(page, Button, ("Method", CredentialMethods.DirectJwt));
        Assert.That(lost.Status, Is.GreaterThanOrEqualTo(500));
        await server.WithDatabase(
            db => db.Database.ExecuteSqlRawAsync("ALTER TABLE \"Away\" RENAME TO \"AccountLicence\""));
        Assert.That(await Sets(), Is.Not.Empty);

        var again = await ada.Submit(page, Button, ("Method", CredentialMethods.DirectJwt));

        Assert.That(again.Status, Is.EqualTo(200));
        using var scim = await ResourceServer.Register(server);
        Assert.That((await scim.Introspect(again.Field("API Token"))).Active);
    }

    private async Task<string> Sets() =>
        string.Join('\n', await server.WithDatabase(db => db.CredentialSets.AsNoTracking()
        .OrderBy(set => set.Id).Select(set => $"{set.Id} {set.State}").ToListAsync()));
}
