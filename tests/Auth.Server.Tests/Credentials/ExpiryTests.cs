using Auth.Server.Credentials;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Management;
using Auth.Server.Tests.Pages;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shared.Contracts;

namespace Auth.Server.Tests.Credentials;

/// <summary>
/// The clock decides what has run out, wherever a set is read, long before the background check has written it down.
/// </summary>
public sealed class ExpiryTests
{
    private static readonly TimeSpan lifetime = TimeSpan.FromHours(1);

    [Test]
    public async Task A_set_that_has_run_out_is_ended_wherever_it_is_shown([Values] bool staged)
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
        Assert.That((await CommandsTests.Run(server, "credentials", "show", "--account", $"{account.Id}")).ExitCode, Is.EqualTo(1));
        using var browser = await Browser.SignedIn(server);
        Assert.That((await browser.Open("/scim-credentials/history")).Text, Does.Contain(staged ? "Never activated" : "Expired").And.Not.Contain("Staged"));

        // The background check writes down the same.
        await server.With<CredentialSets, bool>(async sets =>
        {
            await sets.EndExpired(CancellationToken.None);
            return true;
        });
        using var later = await caller.Get(path);
        Assert.That((await later.Json()).ToString(), Is.EqualTo(one.ToString()));
    }

    [Test]
    public async Task A_call_that_is_sent_again_tells_that_its_set_has_run_out()
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
    /// Each time somebody reads the clock, it moves; the set runs out at the first reading, at the second, and so on: before,
    /// in the middle of and after each step of the request.
    /// </summary>
    [Test]
    public async Task A_set_that_runs_out_in_the_middle_of_a_request_is_refused_or_not_and_is_no_fault([Values(0, 1, 2, 3)] int kind)
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var http = server.CreateClient();
        var account = await server.CreateAccount();
        var faults = new List<string>();
        for (var reading = 1; reading <= 24; reading++)
        {
            var issued = await Make(server, account.Id, null, kind == 3 ? CredentialMethods.DirectJwt : CredentialMethods.OAuth2);
            var (id, secret) = (issued.Set.ClientId, issued.ClientSecret);
            var token = issued.Token ?? await http.ClientCredentialsToken(id!, secret!);
            server.Time.Advance(issued.Set.ExpiresAt!.Value - server.Time.GetUtcNow().UtcDateTime - TimeSpan.FromMilliseconds(reading));
            server.Time.AutoAdvanceAmount = TimeSpan.FromMilliseconds(1);
            using var response = kind switch
            {
                0 => await http.RequestToken(id, secret, ("grant_type", "client_credentials")),
                1 => await scim.Post(AuthServerPaths.Introspection, ("token", token)),
                2 => await http.RequestToken(id, secret, Exchange(token)),
                _ => await http.RequestToken(null, null, Exchange(token)),
            };
            server.Time.AutoAdvanceAmount = TimeSpan.Zero;
            if ((int)response.StatusCode >= 500)
                faults.Add($"{reading}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
            server.Time.Advance(TimeSpan.FromMinutes(1));
        }
        Assert.That(faults, Is.Empty);
    }

    [Test]
    public async Task Many_sets_that_run_out_or_lose_their_key_at_once_wait_for_the_nodes_once()
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
        Assert.That((await Events() - events, Waits() - waits), Is.EqualTo((Many, 1)), "each account's floor, and one barrier");

        IssuedCredentials last = null!;
        foreach (var account in accounts)
            last = await Make(server, account, null, CredentialMethods.DirectJwt);
        (events, waits) = (await Events(), Waits());
        var withdrawn = await CommandsTests.Json(server, "keys", "rotate", "--compromised", last.Set.KeyId!, "--json");

        Assert.That((await Events() - events, Waits() - waits), Is.EqualTo((1, 1)), "one event, one barrier");
        Assert.That(withdrawn.GetProperty("endedCredentialSets").GetArrayLength(), Is.EqualTo(Many));
        Assert.That((await scim.Introspect(last.Token!)).Active, Is.False);
        var told = await server.WithDatabase(db => db.AuditEntries
            .Where(entry => entry.Action == Auth.Server.Audit.AuditAction.EndCredentials && entry.Detail!.Contains("no longer trusted"))
            .Select(entry => entry.AccountId!.Value).ToListAsync());
        Assert.That(told, Is.EquivalentTo(accounts));

        Task<int> Events() => server.WithDatabase(db => db.Events.CountAsync());
        int Waits() => log.Lines.Count(line => line.StartsWith("Event ", StringComparison.Ordinal));
    }

    private static (string, string)[] Exchange(string token) =>
    [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", token),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
    ];

    private static async Task<IssuedCredentials> Make(
        AuthServer server, Guid account, Staging? staging, string method = CredentialMethods.OAuth2)
    {
        var active = await server.With<CredentialHistory, CredentialSet?>(
            history => history.FindActive(account, CancellationToken.None));
        return await server.With<CredentialSets, IssuedCredentials>(sets => sets.Generate(
            new(account, active?.Id, method, "a test", lifetime, Staging: staging), CancellationToken.None));
    }
}
