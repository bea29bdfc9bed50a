using System.Security.Claims;
using Auth.Server.Credentials;
using Auth.Server.Events;
using Auth.Server.Issuance;
using Auth.Server.Keys;
using Auth.Server.Tests.Connect;
using Auth.Server.Tests.Pages;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using Shared.Contracts;

namespace Auth.Server.Tests.Keys;

/// <summary>What an operator can do with keys: rotate immediately, and withdraw a compromised key.</summary>
public sealed class WithdrawalTests
{
    [Test]
    public async Task Rotated_keys_are_active_immediately_and_earlier_tokens_stay_valid()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var before = (await server.Generate(await server.CreateAccount("before"))).Token!;
        server.Time.Advance(TimeSpan.FromDays(1));

        await server.Rotate();

        var after = (await server.Generate(await server.CreateAccount("after"))).Token!;
        Assert.That(new JsonWebToken(after).Kid, Is.Not.EqualTo(new JsonWebToken(before).Kid));
        Assert.That((await scim.Introspect(before)).Active);
        Assert.That((await scim.Introspect(after)).Active);
        using var http = server.CreateClient();
        Assert.That((await http.Jwks()).Keys, Has.Count.EqualTo(3), "retired, active and announced");
    }

    [Test]
    public async Task A_key_that_caches_may_not_know_yet_is_not_activated()
    {
        await using var server = await AuthServer.Start();
        var used = await server.KeyInUse();
        server.Time.Advance(TimeSpan.FromHours(23));
        Assert.That(
            async () => await server.Rotate(),
            Throws.TypeOf<ProblemException>().With.Property(nameof(ProblemException.Status)).EqualTo(409)
                .And.Message.Contains("--compromised"));
        Assert.That(await server.KeyInUse(), Is.EqualTo(used));
    }

    [Test]
    public async Task Concurrent_rotations_rotate_once()
    {
        await using var server = await AuthServer.Start();
        server.Time.Advance(TimeSpan.FromDays(1));

        var rotations = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            try
            {
                await server.Rotate();
                return true;
            }
            catch (ProblemException)
            {
                return false;
            }
        }));

        Assert.That(rotations.Count(done => done), Is.EqualTo(1));
        Assert.That((await server.Keys()).Where(key => key.State == KeyState.Active).Select(key => key.Key.Number),
            Is.All.EqualTo(2));
    }

    [Test]
    public async Task A_withdrawn_key_ends_its_direct_JWTs_and_their_owners_see_why()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount();
        var issued = await server.Generate(account);
        server.Time.Advance(TimeSpan.FromDays(1));
        await server.Rotate();
        var spared = (await server.Generate(await server.CreateAccount("spared"))).Token!;

        var ended = await server.Withdraw(new JsonWebToken(issued.Token).Kid);

        Assert.That(ended.Tokens, Is.EqualTo(1));
        Assert.That(ended.CredentialSets.Select(set => set.Id), Is.EqualTo(new[] { issued.Set.Id }));
        Assert.That((await scim.Introspect(issued.Token!)).Active, Is.False);
        Assert.That((await scim.Introspect(spared)).Active);
        var set = await server.WithDatabase(db => db.CredentialSets.SingleAsync(set => set.Id == issued.Set.Id));
        Assert.That(set.State, Is.EqualTo(CredentialSetState.Ended));
        Assert.That(set.EndReason, Is.EqualTo(CredentialSetEnd.KeyWithdrawn));
        Assert.That(await server.FindActive(account), Is.Null);
        Assert.That((await scim.Introspect((await server.Generate(account)).Token!)).Active);
    }

    [Test]
    public async Task Sets_that_end_with_a_key_stay_ended_after_a_backup_is_restored()
    {
        await using var server = await AuthServer.Start();
        var active = await server.CreateAccount("active");
        var staged = await server.CreateAccount("staged");
        var other = await server.CreateAccount("other");
        var issued = await server.Generate(active);
        await server.With((CredentialIssuer issuer) => issuer.Generate(
            new(staged.Id, null, CredentialMethods.DirectJwt, TestOperations.Actor(), Staging: new(Activation.Manual)),
            CancellationToken.None));
        await server.Generate(other, CredentialMethods.OAuth2);
        var last = await server.WithDatabase(db => db.Events.MaxAsync(e => e.Number));

        await server.Withdraw(issued.Set.KeyId!);

        // Scim.Api's fence refuses every set with a lower generation, whatever introspection returns.
        var events = await server.WithDatabase(db => db.Events.AsNoTracking().Where(e => e.Number > last)
            .OrderBy(e => e.Number).ToListAsync());
        Assert.That(events.Select(e => (e.Type, e.AccountId)), Is.EqualTo(new (string, Guid?)[]
        {
            (SecurityEvents.KeyWithdrawn, null), (SecurityEvents.CredentialChange, active.Id),
        }));
        Assert.That(events[1].Generation, Is.GreaterThan(issued.Set.Generation!.Value));
        Assert.That(events[1].CredentialSetId, Is.Null);
        var next = await server.Generate(active);
        Assert.That(next.Set.Generation, Is.GreaterThan(events[1].Generation!.Value));
    }

    [Test]
    public async Task The_owner_of_ended_credentials_sees_why()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        var issued = await server.Generate(account);
        using var browser = await Browser.SignedIn(server);

        await server.Withdraw(new JsonWebToken(issued.Token).Kid);

        Assert.That((await browser.Open("/scim-credentials")).Text, Does
            .Contain($"SciLeads ended those that end in {issued.Set.LastFour}")
            .And.Contain("the key that signed their API Token is no longer trusted"));
        await server.Generate(account);
        Assert.That((await browser.Open("/scim-credentials")).Text, Does.Not.Contain("no longer trusted"));
        server.Time.Advance(TimeSpan.FromDays(366));
        using var afterwards = await Browser.SignedIn(server);
        Assert.That((await afterwards.Open("/scim-credentials")).Text, Does.Contain("expired on"));
    }

    [Test]
    public async Task An_OAuth_client_obtains_another_token_and_continues()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var http = server.CreateClient();
        var client = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        var token = await http.ClientCredentialsToken(client.Set.ClientId!, client.ClientSecret!);

        var ended = await server.Withdraw(await server.KeyInUse());

        Assert.That(ended.Tokens, Is.EqualTo(1));
        Assert.That(ended.CredentialSets, Is.Empty);
        Assert.That((await scim.Introspect(token)).Active, Is.False);
        var next = await http.ClientCredentialsToken(client.Set.ClientId!, client.ClientSecret!);
        Assert.That((await scim.Introspect(next)).Active);
    }

    [Test]
    public async Task The_announced_key_replaces_a_withdrawn_one()
    {
        await using var server = await AuthServer.Start();
        using var http = server.CreateClient();
        var used = await server.KeyInUse();
        var announced = (await http.Jwks()).Keys.Single(key => key.Kid != used).Kid;

        await server.Withdraw(used);

        Assert.That(await server.KeyInUse(), Is.EqualTo(announced));
        var published = (await http.Jwks()).Keys.Select(key => key.Kid).ToList();
        Assert.That(published, Has.Count.EqualTo(2).And.Member(announced).And.No.Member(used));
    }

    [Test]
    public async Task Withdrawing_an_announced_or_retired_key_keeps_the_active_one([Values] bool retired)
    {
        await using var server = await AuthServer.Start();
        await server.Generate(await server.CreateAccount());
        await server.Pass(days: 95);
        var used = await server.KeyInUse();
        var other = (await server.Keys()).First(key => key.Key.Use == KeyUse.Signing
            && key.State == (retired ? KeyState.Retired : KeyState.Announced)).Key.Id;

        await server.Withdraw(other);

        Assert.That(await server.KeyInUse(), Is.EqualTo(used));
        var keys = await server.Keys();
        Assert.That(keys.Single(key => key.Key.Id == other).State, Is.EqualTo(KeyState.Withdrawn));
        Assert.That(keys.Count(key => key is { State: KeyState.Announced, Key.Use: KeyUse.Signing }), Is.EqualTo(1));
        // It is not activated when it would have been due.
        await server.Pass(days: 180);
        Assert.That((await server.Keys()).Single(key => key.Key.Id == other).State, Is.EqualTo(KeyState.Withdrawn));
    }

    [Test]
    public async Task Successive_withdrawals_always_leave_usable_keys()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        for (var i = 0; i < 3; i++)
        {
            foreach (var use in Enum.GetValues<KeyUse>())
                await server.Withdraw(await server.KeyInUse(use));
            var token = (await server.Generate(await server.CreateAccount($"account {i}"))).Token!;
            Assert.That((await scim.Introspect(token)).Active);
        }
    }

    [Test]
    public async Task A_node_that_has_not_refreshed_rejects_a_withdrawn_key_and_soon_stops_signing_with_it()
    {
        await using var one = await AuthServer.Start();
        await using var two = await one.StartNode();
        using var scim = await ResourceServer.Register(two);
        var issued = await one.Generate(await one.CreateAccount("one"));
        var stolen = two.Services.GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>()
            .CurrentValue.SigningCredentials[0];
        await one.Withdraw(stolen.Key.KeyId);

        var afterwards = await two.Generate(await two.CreateAccount("two"));

        Assert.That((await scim.Introspect(issued.Token!)).Active, Is.False);
        Assert.That(new JsonWebToken(afterwards.Token).Kid, Is.Not.EqualTo(stolen.Key.KeyId));
        Assert.That((await scim.Introspect(afterwards.Token!)).Active);
        Assert.That((await scim.Introspect(Forge(afterwards.Token!, stolen))).Active, Is.False);
    }

    [Test]
    public async Task A_token_under_the_row_of_another_valid_key_is_not_active()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var issued = await server.Generate(await server.CreateAccount());
        server.Time.Advance(TimeSpan.FromDays(1));
        var earlier = server.Services.GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>()
            .CurrentValue.SigningCredentials[0];
        Assert.That(
            (await scim.Introspect(Forge(issued.Token!, earlier))).Active, "the same key, so the forgery is perfect");

        await server.Rotate();

        var current = server.Services.GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>()
            .CurrentValue.SigningCredentials[0];
        Assert.That((await scim.Introspect(Forge(issued.Token!, current))).Active, Is.False);
        Assert.That((await scim.Introspect(issued.Token!)).Active);
    }

    [Test]
    public async Task The_management_API_rejects_tokens_of_a_withdrawn_key()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount();
        Assert.That(await Read(await Token()), Is.EqualTo(200));
        var before = await Token();

        await server.Withdraw(await server.KeyInUse());

        Assert.That(await Read(before), Is.EqualTo(401));
        Assert.That(await Read(await Token()), Is.EqualTo(200));

        async Task<string> Token()
        {
            using var response = await scim.Post(
                AuthServerPaths.Token, ("grant_type", "client_credentials"), ("scope", Scopes.ReadAccounts));
            return (await response.Json()).GetProperty("access_token").GetString()!;
        }

        async Task<int> Read(string token)
        {
            using var http = server.CreateClient();
            http.DefaultRequestHeaders.Authorization = new("Bearer", token);
            using var response = await http.GetAsync(
                new Uri($"{AuthServerPaths.Accounts}/{account.Id}", UriKind.Relative));
            return (int)response.StatusCode;
        }
    }

    [TestCase("scimtok-0000000000000000", 404)]
    [TestCase(null, 409)]
    public async Task An_unknown_key_cannot_be_withdrawn(string? id, int status)
    {
        await using var server = await AuthServer.Start();
        if (id is null)
            await server.Withdraw(id = await server.KeyInUse());
        Assert.That(
            async () => await server.Withdraw(id),
            Throws.TypeOf<ProblemException>().With.Property(nameof(ProblemException.Status)).EqualTo(status));
    }

    /// <summary>A token with the same claims, signed with another key.</summary>
    private static string Forge(string token, SigningCredentials key) =>
        new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Subject = new ClaimsIdentity(new JsonWebToken(token).Claims.Where(claim => claim.Type != "aud")),
            Audience = Audiences.Scim,
            TokenType = "at+jwt",
            SigningCredentials = key,
        });
}
