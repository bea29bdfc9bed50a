using System.Net;
using System.Text.RegularExpressions;
using Auth.Server.Audit;
using Auth.Server.Credentials;
using Auth.Server.Events;
using Auth.Server.Issuance;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Management;
using Auth.Server.Tests.Pages;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shared.Contracts;

namespace Auth.Server.Tests.Credentials;

/// <summary>
/// Wherever a set is read, the clock decides whether it has expired, even before the
/// background check has recorded that.
/// </summary>
[Category("Slow")]
public sealed class ExpiryTests
{
    private const string Exchange = "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}"
        + "&subject_token_type=urn:ietf:params:oauth:token-type:access_token";

    private static readonly TimeSpan lifetime = TimeSpan.FromHours(1);

    [Test]
    public async Task An_expired_set_is_shown_as_ended_everywhere([Values] bool staged)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        using var api = await ManagementCaller.Register(server, account);
        var set = (await Make(server, account.Id, staged ? new Staging(Activation.FirstUse, lifetime) : null)).Set;
        var path = $"{ManagementCaller.SetsOf(account)}/{set.Id}";
        using var before = await api.Get(path);
        var tag = before.Headers.ETag!.ToString();
        server.Time.Advance(lifetime);
        using var caller = await ManagementCaller.Register(server, account, name: "afterwards");

        using var shown = await caller.Get(path, ("If-None-Match", tag));
        Assert.That((int)shown.StatusCode, Is.EqualTo(200), "it has changed");
        var one = await shown.Json();
        using var all = await caller.Get(ManagementCaller.SetsOf(account));
        var listed = (await all.Json()).GetProperty("credentialSets")[0];
        foreach (var seen in new[] { one, listed })
        {
            Assert.That(seen.GetProperty("state").GetString(), Is.EqualTo("ended"));
            Assert.That(seen.GetProperty("endReason").GetString(), Is.EqualTo("expired"));
            Assert.That(seen.GetProperty("endedAt").GetDateTime(), Is.EqualTo(server.Time.GetUtcNow().UtcDateTime));
            Assert.That(seen.GetProperty("endedBy").GetString(), Is.EqualTo("SciLeads"));
        }

        foreach (var call in new[] { "activate", "revoke", "check" })
        {
            using var refused = await caller.Post(
                $"{path}/{call}", call == "check" ? new { secret = "x" } : null, $"{Guid.NewGuid()}");
            Assert.That((int)refused.StatusCode, Is.EqualTo(409), call);
        }
        var output = (await CommandsTests.Run(server, "credentials", "list", "--account", $"{account.Id}")).Output;
        Assert.That(output, Does.Contain("state: ended").And.Contain("endReason: expired")
            .And.Not.Contain("state: active").And.Not.Contain("state: staged"));
        Assert.That(
            (await CommandsTests.Run(server, "credentials", "show", "--account", $"{account.Id}")).ExitCode,
            Is.EqualTo(1));
        using var browser = await Browser.SignedIn(server);
        Assert.That(
            (await browser.Open("/scim-credentials/history")).Text,
            Does.Contain(staged ? "was never activated, and expired." : " expired."));

        // The background check records the same.
        await server.With<CredentialSets, bool>(async sets =>
        {
            await sets.EndExpired(CancellationToken.None);
            return true;
        });
        using var later = await caller.Get(path);
        Assert.That((await later.Json()).ToString(), Is.EqualTo(one.ToString()));
    }

    [Test]
    public async Task A_repeated_call_reports_that_its_set_has_expired()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        using var api = await ManagementCaller.Register(server, account);
        var body = new { method = "oauth2", lifetime = (int)lifetime.TotalSeconds };
        var made = await api.Do(ManagementCaller.SetsOf(account), body, "key");
        Assert.That(made.GetProperty("credentialSet").GetProperty("state").GetString(), Is.EqualTo("active"));
        server.Time.Advance(lifetime - TimeSpan.FromSeconds(1));
        using var caller = await ManagementCaller.Register(server, account, name: "unrelated");
        server.Time.Advance(TimeSpan.FromSeconds(1));

        var again = await api.Do(ManagementCaller.SetsOf(account), body, "key");

        Assert.That(again.GetProperty("credentialSet").GetProperty("state").GetString(), Is.EqualTo("ended"));
    }

    /// <summary>
    /// The clock advances with every reading, so the set expires at a different point of each request.
    /// </summary>
    [TestCase(Sender.Client, AuthServerPaths.Token, "grant_type=client_credentials")]
    [TestCase(Sender.Client, AuthServerPaths.Token, "grant_type=refresh_token&refresh_token=unknown")]
    [TestCase(
        Sender.Client, AuthServerPaths.Token,
        "grant_type=authorization_code&code=unknown&redirect_uri=https://client.example/"
        + "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")]
    [TestCase(Sender.Client, AuthServerPaths.Token, Exchange)]
    [TestCase(Sender.Client, "connect/revoke", "token=unknown")]
    [TestCase(
        Sender.Client, "connect/par",
        "response_type=code&redirect_uri=https://client.example/&code_challenge_method=S256"
        + "&code_challenge=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")]
    [TestCase(Sender.HolderOfDirectJwt, AuthServerPaths.Token, Exchange)]
    [TestCase(Sender.ResourceServer, AuthServerPaths.Introspection, "token={token}")]
    public async Task A_set_that_expires_during_a_request_never_causes_a_server_error(Sender sender, string path, string form)
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount();
        var issued = sender == Sender.HolderOfDirectJwt
            ? await server.Generate(account)
            : await server.Generate(account, CredentialMethods.OAuth2, "https://client.example/");
        using var http = server.CreateClient();
        var token = issued.Token ?? await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!);
        var fields = form.Split('&').Select(field => field.Split('=', 2))
            .Select(field => (field[0], field[1].Replace("{token}", token, StringComparison.Ordinal))).ToArray();
        var seen = new HashSet<(HttpStatusCode, bool)>();
        for (var left = 0; left < 40; left++)
        {
            server.Time.AutoAdvanceAmount = TimeSpan.Zero;
            var end = server.Time.GetUtcNow().UtcDateTime.AddMilliseconds(left);
            await server.WithDatabase(db => db.CredentialSets.Where(set => set.Id == issued.Set.Id)
                .ExecuteUpdateAsync(change => change.SetProperty(set => set.ExpiresAt, end)));
            server.Time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(1);

            using var response = sender switch
            {
                Sender.Client => await http.Send(
                    path, OAuthClient.Basic(issued.Set.ClientId, issued.ClientSecret), fields),
                Sender.ResourceServer => await scim.Post(path, fields),
                _ => await http.Send(path, null, fields),
            };

            var body = await response.Content.ReadAsStringAsync();
            Assert.That((int)response.StatusCode, Is.LessThan(500), $"{left} looks: {body}");
            seen.Add((response.StatusCode, Regex.IsMatch(body, "\"active\": *false")));
        }
        Assert.That(seen, Has.Count.GreaterThan(1), "it expired in time, and too late");
    }

    [Test]
    public async Task Ending_many_sets_waits_for_the_nodes_once()
    {
        const int Many = 12;
        await using var server = await AuthServer.Start("--Logging:LogLevel:Auth.Server.Events.Barrier=Information");
        using var scim = await ResourceServer.Register(server);
        using var log = new LogRecorder();
        server.Services.GetRequiredService<ILoggerFactory>().AddProvider(log);
        var accounts = new List<Guid>();
        for (var i = 0; i < Many; i++)
            accounts.Add((await server.CreateAccount($"account {i}")).Id);
        foreach (var account in accounts)
            await Make(server, account, null, CredentialMethods.DirectJwt);
        var (events, waits) = (await Events(), Waits());
        server.Time.Advance(lifetime);
        await server.With<CredentialSets, bool>(async sets =>
        {
            await sets.EndExpired(CancellationToken.None);
            return true;
        });
        Assert.That(
            (await Events() - events, Waits() - waits), Is.EqualTo((Many, 1)), "one event for each account, and one barrier");

        IssuedCredentials last = null!;
        foreach (var account in accounts)
            last = await Make(server, account, null, CredentialMethods.DirectJwt);
        (events, waits) = (await Events(), Waits());
        var withdrawn = await CommandsTests.Json(server, "keys", "rotate", "--compromised", last.Set.KeyId!, "--json");

        Assert.That(
            (await Events() - events, Waits() - waits), Is.EqualTo((1 + Many, 1)),
            "one event that ends them all, each account's fence, and one barrier");
        var first = await server.WithDatabase(db => db.Events.OrderBy(e => e.Number).Skip(events).FirstAsync());
        Assert.That(first.Type, Is.EqualTo(SecurityEvents.KeyWithdrawn));
        Assert.That(log.Lines, Has.Some.StartsWith($"Event {first.Number}:"), "there is no wait for the others");
        Assert.That(withdrawn.GetProperty("endedCredentialSets").GetArrayLength(), Is.EqualTo(Many));
        Assert.That((await scim.Introspect(last.Token!)).Active, Is.False);
        var told = await server.WithDatabase(db => db.AuditEntries
            .Where(
                entry =>
                    entry.Action == Auth.Server.Audit.AuditAction.EndCredentials
                        && entry.Detail!.Contains("no longer trusted"))
            .Select(entry => entry.AccountId!.Value).ToListAsync());
        Assert.That(told, Is.EquivalentTo(accounts));

        Task<int> Events() => server.WithDatabase(db => db.Events.CountAsync());
        int Waits() => log.Lines.Count(line => line.StartsWith("Event ", StringComparison.Ordinal));
    }

    private static async Task<IssuedCredentials> Make(
        AuthServer server, Guid account, Staging? staging, string method = CredentialMethods.OAuth2)
    {
        var active = await server.With<CredentialHistory, CredentialSet?>(
            history => history.FindActive(account, CancellationToken.None));
        return await server.With<CredentialIssuer, IssuedCredentials>(issuer => issuer.Generate(
            new(account, active?.Id, method, TestOperations.Actor(), lifetime, Staging: staging),
            CancellationToken.None));
    }

    /// <summary>The caller of a request.</summary>
    public enum Sender
    {
        Client,
        HolderOfDirectJwt,
        ResourceServer,
    }
}
