using System.Text.Json;
using System.Web;
using Auth.Server.Credentials;
using Auth.Server.KeyLifecycle;
using Auth.Server.Keys;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Pages;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;
using Shared.Hosting;

namespace Auth.Server.Tests.Keys;

/// <summary>The schedule: keys are created, announced, activated, retired and deleted automatically.</summary>
[Category("Slow")]
public sealed class KeyRotationTests
{
    private const string RedirectUri = "https://system-admin.okta.com/admin/app/cpc/scileads_1/oauth/callback";

    [Test]
    public async Task In_two_years_of_rotations_no_live_token_loses_its_key_and_every_key_is_announced()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var http = server.CreateClient();
        var (client, refreshToken) = await Consent(server);
        var live = new List<(string Token, DateTimeOffset Ends)>();
        var known = new HashSet<string>();
        var signedWith = new HashSet<string>();

        for (var day = 0; day < 730; day++)
        {
            await server.Look();
            var published = await http.Jwks();
            if (day % 20 == 0)
            {
                var token = (await server.Generate(await server.CreateAccount($"account {day}"))).Token!;
                live.Add((token, server.Time.GetUtcNow().AddDays(365)));
                var key = new JsonWebToken(token).Kid;
                signedWith.Add(key);
                Assert.That(known, day == 0 ? Does.Not.Contain(key) : Does.Contain(key), $"announced before day {day}");
            }

            live.RemoveAll(token => token.Ends <= server.Time.GetUtcNow());
            foreach (var (token, _) in live)
                Assert.That(await IsSignedBy(published, token), $"day {day}");
            if (day % 50 == 0)
                Assert.That((await scim.Introspect(live[0].Token)).Active, $"day {day}");
            // One active, one announced, and those of a year's tokens.
            Assert.That(published.Keys, Has.Count.AtMost(2 + 365 / 90 + 2), $"day {day}");
            known.UnionWith(published.Keys.Select(key => key.Kid));
            // The client refreshes only rarely.
            if (day % 360 == 359)
                refreshToken = await Refresh(http, client, refreshToken);
            server.Time.Advance(TimeSpan.FromDays(1));
        }

        Assert.That(signedWith, Has.Count.EqualTo(9), "a key every 90 days");
        await Refresh(http, client, refreshToken);
    }

    [Test]
    public async Task A_key_is_deleted_after_its_last_token_has_expired()
    {
        await using var server = await AuthServer.Start();
        await server.Generate(await server.CreateAccount());
        var used = await server.KeyInUse();
        await server.Pass(days: 364);
        Assert.That((await server.Keys()).Single(key => key.Key.Id == used).State, Is.EqualTo(KeyState.Retired));

        await server.Pass(days: 2);

        var forgotten = (await server.Keys()).Single(key => key.Key.Id == used);
        Assert.That(forgotten.State, Is.EqualTo(KeyState.Forgotten));
        Assert.That(forgotten.Key.ProtectedKey, Is.Empty);
        using var http = server.CreateClient();
        Assert.That((await http.Jwks()).Keys.Select(key => key.Kid), Does.Not.Contain(used));
    }

    [Test]
    public async Task A_key_is_kept_for_the_refresh_tokens_of_a_set_until_the_set_ends()
    {
        await using var server = await AuthServer.Start();
        var (client, _) = await Consent(server);
        var used = await server.KeyInUse(KeyUse.Encryption);
        await server.Pass(days: 360);
        Assert.That((await server.Keys()).Single(key => key.Key.Id == used).LiveTokens, Is.EqualTo(1));

        await server.With<CredentialSets, bool>(async sets =>
        {
            await sets.Revoke(client.Set.AccountId, client.Set.Id, "a test", CancellationToken.None);
            return true;
        });
        await server.Pass(days: 1);

        Assert.That((await server.Keys()).Single(key => key.Key.Id == used).State, Is.EqualTo(KeyState.Forgotten));
    }

    [Test]
    public async Task A_server_that_was_off_for_half_a_year_continues_normally()
    {
        await using var server = await AuthServer.Start();
        var token = (await server.Generate(await server.CreateAccount())).Token!;
        using var http = server.CreateClient();
        var announced = (await http.Jwks()).Keys.Select(key => key.Kid).Except([await server.KeyInUse()]).Single();
        server.Time.Advance(TimeSpan.FromDays(182));

        await using var restarted = await server.Restart();

        using var scim = await ResourceServer.Register(restarted);
        Assert.That((await scim.Introspect(token)).Active);
        Assert.That(await restarted.KeyInUse(), Is.EqualTo(announced), "the one that all caches have");
        var next = (await restarted.Keys()).Single(
            key => key is { State: KeyState.Announced, Key.Use: KeyUse.Signing });
        Assert.That(next.Key.ActiveFrom, Is.EqualTo(restarted.Time.GetUtcNow().UtcDateTime.AddDays(1)));
    }

    [Test]
    public async Task A_restart_changes_no_key_in_any_state()
    {
        await using var server = await AuthServer.Start();
        await server.Pass(days: 95);
        var token = (await server.Generate(await server.CreateAccount())).Token!;
        await server.Pass(days: 95);
        await server.Withdraw((await server.Keys()).First(key => key.State == KeyState.Announced).Key.Id);
        var before = (await server.Keys()).Select(Describe).ToList();

        await using var restarted = await server.Restart();

        var after = (await restarted.Keys()).Select(Describe).ToList();
        Assert.That(after, Is.EqualTo(before));
        Assert.That(after.Select(key => key.State).Distinct(), Is.EquivalentTo(Enum.GetValues<KeyState>()));
        using var scim = await ResourceServer.Register(restarted);
        Assert.That((await scim.Introspect(token)).Active);
    }

    [Test]
    public async Task Nodes_that_check_at_the_same_moment_create_one_key()
    {
        await using var one = await AuthServer.Start();
        await using var two = await one.StartNode();
        await one.Generate(await one.CreateAccount());
        for (var quarter = 0; quarter < 4; quarter++)
        {
            one.Time.Advance(TimeSpan.FromDays(91));
            two.Time.Advance(TimeSpan.FromDays(91));
            await Task.WhenAll(one.Look(), two.Look(), one.Look(), two.Look());

            var keys = await one.Keys();
            Assert.That(
                keys.GroupBy(key => (key.Key.Use, key.Key.Number)).Select(same => same.Count()), Is.All.EqualTo(1));
            Assert.That(keys.Count(key => key.State == KeyState.Active), Is.EqualTo(2), "one of each use");
            Assert.That(keys.Count(key => key.State == KeyState.Announced), Is.EqualTo(2), "one of each use");
        }
    }

    [Test]
    public async Task Nodes_that_start_concurrently_on_an_empty_database_create_one_key()
    {
        await using var server = await AuthServer.Start();
        await server.WithDatabase(db => db.Keys.ExecuteDeleteAsync());

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => server.Look()));

        Assert.That(await server.Keys(), Has.Count.EqualTo(4), "one active and one announced, for each use");
    }

    [Test]
    public async Task Nodes_accept_each_other_s_tokens_although_one_refreshes_later()
    {
        await using var one = await AuthServer.Start();
        await using var two = await one.StartNode();
        using var jwks = two.CreateClient();
        one.Time.Advance(TimeSpan.FromDays(90));
        two.Time.Advance(TimeSpan.FromDays(90));
        await one.Look();

        var ofOne = (await one.Generate(await one.CreateAccount("one"))).Token!;
        var ofTwo = (await two.Generate(await two.CreateAccount("two"))).Token!;

        Assert.That(new JsonWebToken(ofOne).Kid, Is.Not.EqualTo(new JsonWebToken(ofTwo).Kid));
        using var scim = await ResourceServer.Register(one);
        Assert.That((await scim.Introspect(ofTwo)).Active);
        using var other = await ResourceServer.Register(two);
        Assert.That((await other.Introspect(ofOne)).Active);
        Assert.That(await IsSignedBy(await jwks.Jwks(), ofOne));
    }

    [Test]
    public async Task A_running_server_refreshes_its_keys()
    {
        await using var server = await AuthServer.Start("--Auth:Keys:LookEvery=00:00:01");
        var used = await server.KeyInUse();

        server.Time.Advance(TimeSpan.FromDays(91));

        Assert.That(
            async () => (await server.Keys()).Count(key => key.Key.Use == KeyUse.Signing),
            Is.EqualTo(3).After(30).Seconds.PollEvery(100).MilliSeconds);
        Assert.That(await server.KeyInUse(), Is.Not.EqualTo(used));
    }

    [TestCase("--Auth:Keys:RotateEvery=00:30:00", "RotateEvery")]
    [TestCase("--Auth:Keys:AnnounceFor=00:00:00", "AnnounceFor")]
    [TestCase("--Auth:Keys:LookEvery=01:00:00", "LookEvery")]
    [TestCase("--Auth:Keys:RotateEvery=10.00:00:00 --Auth:Keys:AnnounceFor=20.00:00:00", "must be shorter")]
    public void An_impossible_schedule_stops_startup(string settings, string sentence) => Assert.That(
        async () => await (await AuthServer.Start(settings.Split(' '))).DisposeAsync(),
        Throws.InstanceOf<OperatorException>().With.Message.Contains(sentence));

    [Test]
    public async Task Only_public_ES256_keys_are_published()
    {
        await using var server = await AuthServer.Start();
        using var http = server.CreateClient();

        var published = JsonDocument.Parse(await http.GetStringAsync(new Uri(AuthServerPaths.Keys, UriKind.Relative)));
        var metadata = await http.GetStringAsync(new Uri(".well-known/oauth-authorization-server", UriKind.Relative));

        foreach (var key in published.RootElement.GetProperty("keys").EnumerateArray())
        {
            Assert.That(key.EnumerateObject().Select(member => member.Name), Is.EquivalentTo(
                new[] { "kid", "use", "kty", "alg", "crv", "x", "y" }));
            Assert.That(key.GetProperty("alg").GetString(), Is.EqualTo("ES256"));
        }

        Assert.That(metadata, Does.Not.Contain("HS256"));
    }

    private static async Task<bool> IsSignedBy(JsonWebKeySet published, string token) =>
        (await new JsonWebTokenHandler().ValidateTokenAsync(token, new()
        {
            ValidateAudience = false,
            ValidateIssuer = false,
            ValidateLifetime = false,
            IssuerSigningKeys = published.Keys,
            TryAllIssuerSigningKeys = false,
        })).IsValid;

    private static (string Id, KeyState State, DateTime Created, DateTime Active, DateTime? Retired) Describe(
        ListedKey key) =>
        (key.Key.Id, key.State, key.Key.CreatedAt, key.Key.ActiveFrom, key.RetiredAt);

    /// <summary>An OAuth set whose client has a refresh token.</summary>
    private static async Task<string> Refresh(HttpClient http, IssuedCredentials client, string refreshToken)
    {
        using var refreshed = await http.RequestToken(
            client.Set.ClientId, client.ClientSecret, ("grant_type", "refresh_token"), ("refresh_token", refreshToken));
        Assert.That((int)refreshed.StatusCode, Is.EqualTo(200), await refreshed.Content.ReadAsStringAsync());
        return (await refreshed.Json()).GetProperty("refresh_token").GetString()!;
    }

    private static async Task<(IssuedCredentials Client, string RefreshToken)> Consent(AuthServer server)
    {
        var account = await server.CreateAccount("Consenting");
        await server.CreateAdministrator(account);
        var client = await server.Generate(account, CredentialMethods.OAuth2, RedirectUri);
        using var browser = await Browser.SignedIn(server);
        var allowed = await browser.Submit(
            await browser.Open($"/connect/authorize?response_type=code&client_id={client.Set.ClientId}"), "Allow");
        var code = HttpUtility.ParseQueryString(new Uri(allowed.Location!).Query)["code"]!;
        using var http = server.CreateClient();
        using var response = await http.RequestToken(
            client.Set.ClientId, client.ClientSecret, ("grant_type", "authorization_code"), ("code", code));
        return (client, (await response.Json()).GetProperty("refresh_token").GetString()!);
    }
}
