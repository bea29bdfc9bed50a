using System.Collections.Concurrent;
using System.Net;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Checks;

/// <summary>One active credential set per account, whoever replaces it and whatever happens concurrently.</summary>
[NonParallelizable]
internal sealed class RotationChecks
{
    [Test]
    [Category("Check 56")]
    public async Task After_a_replacement_everything_old_is_refused_by_every_node()
    {
        await using var server = await AuthServer.Start();
        await using var node = SciLeads.Tests.TestPostgres.IsWanted ? await server.StartNode() : null;
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var tokens = await client.Tokens();
        var own = await client.ClientCredentialsToken();
        var code = await client.Code();
        using var traded = await client.Post(
            AuthServerPaths.Token, ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", own), ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"));
        var exchanged = (await traded.Json()).GetProperty("access_token").GetString()!;

        var current = await server.Generate(client.Account);

        foreach (var at in node is null ? [server] : new[] { server, node })
        {
            using var http = at.CreateClient();
            foreach (var token in new[] { tokens.AccessToken, own, exchanged })
                Assert.That((await scim.Introspect(token, http)).Active, Is.False);
            Assert.That((await scim.Introspect(current.Token!, http)).Active);
            foreach (var form in new (string, string)[][]
            {
                [("grant_type", "client_credentials")],
                [("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken!)],
                [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", AllowedClient.RedirectUri)],
            })
            {
                using var refused = await http.RequestToken(
                    client.Issued.Set.ClientId, client.Issued.ClientSecret, form);
                Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
            }
        }
    }

    [Test]
    [Category("Check 57")]
    public async Task Fifty_concurrent_replacements_under_traffic_always_leave_one_live_set()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount();
        var sets = new ConcurrentBag<IssuedCredentials> { await server.Generate(account, CredentialMethods.OAuth2) };
        var given = new ConcurrentBag<(Guid Set, string Token)>();
        using var end = new CancellationTokenSource();

        var traffic = Enumerable.Range(0, 3).Select(_ => Task.Run(async () =>
        {
            using var http = server.CreateClient();
            while (!end.IsCancellationRequested)
            {
                var issued = sets.First();
                using var response = await http.RequestToken(
                    issued.Set.ClientId, issued.ClientSecret, ("grant_type", "client_credentials"));
                Assert.That((int)response.StatusCode, Is.AnyOf(200, 401, 429));
                if (response.StatusCode == HttpStatusCode.OK)
                    given.Add((issued.Set.Id, (await response.Json()).GetProperty("access_token").GetString()!));
                var active = await server.WithDatabase(db => db.CredentialSets.CountAsync(
                    set => set.AccountId == account.Id && set.EndedAt == null));
                Assert.That(active, Is.EqualTo(1));
            }
        })).ToArray();
        var (won, lost) = (0, 0);
        for (var round = 0; round < 10; round++)
        {
            var seen = (await server.FindActive(account))!.Id;
            var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => Replace(server, account.Id, seen)));
            foreach (var issued in answers.OfType<IssuedCredentials>())
                sets.Add(issued);
            won += answers.Count(answer => answer is not null);
            lost += answers.Count(answer => answer is null);
        }
        await end.CancelAsync();
        await Task.WhenAll(traffic);

        Assert.That((won, lost), Is.EqualTo((10, 40)));
        var live = (await server.FindActive(account))!.Id;
        foreach (var (set, token) in given)
            Assert.That((await scim.Introspect(token)).Active, Is.EqualTo(set == live));
    }

    [Test]
    [Category("Check 58")]
    public async Task A_replacement_that_fails_at_any_point_leaves_the_old_set_live_and_can_be_retried()
    {
        using var database = new DatabaseCommands();
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount();
        var old = await server.Generate(account);
        IssuedCredentials? current = null;
        var failures = 0;

        for (; current is null; failures++)
        {
            database.Remaining = failures;
            try
            {
                current = await server.With((CredentialIssuer issuer) => issuer.Generate(
                    new(account.Id, old.Set.Id, CredentialMethods.DirectJwt, TestOperations.Actor()),
                    CancellationToken.None));
                continue;
            }
            catch (Exception error) when ($"{error}".Contains("went away", StringComparison.Ordinal))
            {
                database.Remaining = null;
            }
            Assert.That((await scim.Introspect(old.Token!)).CredentialSet!.Generation, Is.EqualTo(old.Set.Generation));
            Assert.That(
                await server.WithDatabase(db => db.CredentialSets.CountAsync()), Is.EqualTo(1), $"{failures} commands");
            Assert.That(await server.WithDatabase(db => db.Tokens.CountAsync()), Is.EqualTo(1), $"{failures} commands");
        }

        database.Remaining = null;
        Assert.That(failures, Is.GreaterThan(10), "one for each command, and the commit");
        Assert.That((await scim.Introspect(old.Token!)).Active, Is.False);
        Assert.That((await scim.Introspect(current.Token!)).Active);
        Assert.That(await Replace(server, account.Id, old.Set.Id), Is.Null, "it was carried out, and is not carried out again");
        Assert.That((await scim.Introspect(current.Token!)).Active);
    }

    private static async Task<IssuedCredentials?> Replace(AuthServer server, Guid account, Guid seen)
    {
        try
        {
            return await server.With((CredentialIssuer issuer) => issuer.Generate(
                new(account, seen, CredentialMethods.OAuth2, TestOperations.Actor()), CancellationToken.None));
        }
        catch (ProblemException refusal) when (refusal.Status == 409)
        {
            return null;
        }
    }
}
