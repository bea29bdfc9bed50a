using System.Net;
using System.Net.Http.Json;
using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Events;
using Auth.Server.KeyLifecycle;
using Auth.Server.Keys;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using Shared.Contracts;

namespace Auth.Server.Tests.Events;

/// <summary>What nodes receive when they poll (RFC 8936).</summary>
[Category("Slow")]
public sealed class PollTests
{
    private AuthServer server = null!;
    private ResourceServer scim = null!;

    [SetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        scim = await ResourceServer.Register(server);
    }

    [TearDown]
    public async Task Stop()
    {
        scim.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task A_new_node_must_reset_and_receives_no_earlier_events()
    {
        await server.Generate(await server.CreateAccount());
        using var node = await ScimNode.Start(server, scim);

        var first = await node.Poll();
        var second = await node.Poll();

        Assert.Multiple(() =>
        {
            Assert.That(first.Reset);
            Assert.That(first.Sets, Is.Empty);
            Assert.That(first.LeaseMilliseconds, Is.EqualTo(1500));
            Assert.That(second.Reset, Is.False);
        });
    }

    [Test]
    public async Task A_new_node_has_confirmed_nothing_before_it_has_reset()
    {
        var account = await server.CreateAccount();
        var issued = await server.Generate(account);
        using var node = await ScimNode.Start(server, scim);
        await node.Introspect(issued.Token!);
        var generating = server.Generate(account);
        while (await server.WithDatabase(db => db.Events.CountAsync()) < 2)
            await Task.Delay(10);

        using var response = await node.Send(new() { Node = node.Id, NodeName = node.Name, ReturnImmediately = true });
        var page = (await response.Content.ReadFromJsonAsync<EventPage>())!;
        await Task.Delay(100);
        Assert.That(page.Reset);
        Assert.That(generating.IsCompleted, Is.False);
        await node.Poll(now: true, ack: [.. page.Sets.Keys]);

        Assert.That((await generating).Set.Confirmation, Does.StartWith("Confirmed by 1 of 1 node"));
    }

    [Test(Description = "RFC 8417 §2.2, RFC 8936 §2.4")]
    public async Task A_new_set_is_announced_immediately_and_repeatedly_until_acknowledged()
    {
        var account = await server.CreateAccount();
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        var waiting = node.Poll();

        var generating = server.Generate(account);
        var page = await waiting;
        var again = await node.Poll(now: true);

        var (jti, token) = page.Sets.Single();
        Assert.That(again.Sets.Keys, Is.EqualTo(new[] { jti }));
        Assert.That((await node.Poll(now: true, ack: jti)).Sets, Is.Empty);
        var issued = await generating;
        var (type, content) = ScimNode.Read(token);
        Assert.Multiple(() =>
        {
            Assert.That(type, Is.EqualTo(SecurityEvents.CredentialChange));
            Assert.That(content.Account, Is.EqualTo(account.Id));
            Assert.That(content.Generation, Is.EqualTo(issued.Set.Generation));
            Assert.That(content.CredentialSet, Is.EqualTo(issued.Set.Id));
            Assert.That(issued.Set.Confirmation, Does.StartWith("Confirmed by 1 of 1 node in "));
        });
        await RequireSigned(token, jti);
    }

    [Test]
    public async Task A_revocation_uses_a_generation_that_no_set_has()
    {
        var account = await server.CreateAccount();
        var set = (await server.Generate(account)).Set;

        var (type, content) = await EventOf(() => server.With<CredentialSets, bool>(async sets =>
        {
            await sets.Revoke(account.Id, set.Id, "a test", CancellationToken.None);
            return true;
        }));
        var next = await server.Generate(account);

        Assert.Multiple(() =>
        {
            Assert.That(type, Is.EqualTo(SecurityEvents.CredentialChange));
            Assert.That(content.Generation, Is.GreaterThan(set.Generation!.Value));
            Assert.That(content.CredentialSet, Is.Null);
            Assert.That(next.Set.Generation, Is.GreaterThan(content.Generation!.Value));
        });
    }

    [Test]
    public async Task The_end_of_an_expired_set_is_announced()
    {
        var account = await server.CreateAccount();
        var set = (await server.Generate(account)).Set;
        server.Time.Advance(TimeSpan.FromDays(366));

        var (_, content) = await EventOf(() => server.With<CredentialSets, bool>(async sets =>
        {
            await sets.EndExpired(CancellationToken.None);
            return true;
        }));

        Assert.That(content.Account, Is.EqualTo(account.Id));
        Assert.That(content.Generation, Is.GreaterThan(set.Generation!.Value));
        var ended = await server.With(
            (CredentialHistory history) => history.Get(account.Id, set.Id, CancellationToken.None));
        Assert.That(ended.EndReason, Is.EqualTo(CredentialSetEnd.Expired));
        Assert.That(ended.EndedAt, Is.EqualTo(set.ExpiresAt));
    }

    [Test]
    public async Task A_changed_account_an_ended_session_and_a_withdrawn_key_are_announced()
    {
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account, "ada@example.com");
        await server.With((SignIn signIn) =>
            signIn.Try("ada@example.com", AuthServer.Password, new(), CancellationToken.None));

        var policy = await EventOf(() => server.With((AccountRegister accounts) =>
            accounts.Update(account.Id, new(ScimEnabled: false), CancellationToken.None)));
        var role = await EventOf(() => server.With(async (Memberships memberships) =>
        {
            await memberships.ChangeRole(new("ada@example.com"), true, TestOperations.Actor(), CancellationToken.None);
            return true;
        }));
        var session = await EventOf(() => server.With((AdministratorRegister register) =>
            register.SignOut("ada@example.com", CancellationToken.None)));
        var key = await EventOf(() => server.With<KeyRotation, Withdrawal>(async keys => await keys.Withdraw(
            (await keys.List(CancellationToken.None)).First(listed => listed.Key.Use == KeyUse.Signing).Key.Id,
            CancellationToken.None)));

        Assert.Multiple(() =>
        {
            Assert.That(
                (policy.Type, policy.Content.Account), Is.EqualTo((SecurityEvents.AccountChange, (Guid?)account.Id)));
            Assert.That(
                (role.Type, role.Content.Account), Is.EqualTo((SecurityEvents.SessionRevoked, (Guid?)account.Id)));
            Assert.That(
                (session.Type, session.Content.Account),
                Is.EqualTo((SecurityEvents.SessionRevoked, (Guid?)account.Id)));
            Assert.That((key.Type, key.Content.Account), Is.EqualTo((SecurityEvents.KeyWithdrawn, (Guid?)null)));
        });
    }

    [Test(Description = "RFC 7009 §2.1")]
    public async Task A_revoked_access_token_is_announced()
    {
        var account = await server.CreateAccount();
        var issued = await server.Generate(account, CredentialMethods.OAuth2);
        using var http = server.CreateClient();
        var token = await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!);

        var (type, content) = await EventOf(() => http.Send(
            "connect/revoke", OAuthClient.Basic(issued.Set.ClientId, issued.ClientSecret), ("token", token)));

        Assert.That((type, content.Account), Is.EqualTo((SecurityEvents.SessionRevoked, (Guid?)account.Id)));
        Assert.That((await scim.Introspect(token)).Active, Is.False);
    }

    [Test]
    public async Task A_node_that_missed_deleted_events_must_reset()
    {
        var account = await server.CreateAccount();
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        await server.Generate(account);
        await server.WithDatabase(db => db.Events.ExecuteDeleteAsync());

        Assert.That((await node.Poll()).Reset);
        Assert.That((await node.Poll(now: true)).Reset, Is.False);
    }

    [Test]
    public async Task A_node_that_knows_more_than_a_restored_database_must_reset()
    {
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        Assert.That((await node.Poll(now: true, ack: "4711")).Reset);
        Assert.That((await node.Poll(now: true)).Reset, Is.False);
    }

    [Test]
    public async Task Old_nodes_and_events_are_deleted()
    {
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        await server.Generate(await server.CreateAccount());
        server.Time.Advance(TimeSpan.FromHours(3));

        await server.With<Auth.Server.Events.Nodes, bool>(async nodes =>
        {
            await nodes.Forget(CancellationToken.None);
            return true;
        });

        Assert.That(await server.WithDatabase(db => db.Nodes.CountAsync()), Is.Zero);
        Assert.That(await server.WithDatabase(db => db.Events.CountAsync()), Is.Zero);
    }

    [Test]
    public async Task Only_resource_servers_may_poll()
    {
        using var http = server.CreateClient();
        using var anonymous = await http.PostAsync(new Uri(AuthServerPaths.EventsPoll, UriKind.Relative), null);
        Assert.That(anonymous.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));

        var issued = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        using var refused = await http.RequestToken(
            issued.Set.ClientId, issued.ClientSecret, ("grant_type", "client_credentials"),
            ("scope", Scopes.PollEvents));
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [TestCase("", "name")]
    [TestCase("two\nlines", "name")]
    [TestCase("scim-1", "jti", "seven")]
    public async Task An_invalid_poll_is_refused_with_a_sentence(string name, string word, params string[] ack)
    {
        using var node = await ScimNode.Start(server, scim);
        using var response = await node.Send(new() { Node = node.Id, NodeName = name, Acknowledged = ack });
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await response.Json()).GetProperty("detail").GetString(), Does.Contain(word));
    }

    /// <summary>The only event that an action causes.</summary>
    private async Task<(string Type, SecurityEvent Content)> EventOf<T>(Func<Task<T>> act)
    {
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        var acting = act();
        var page = await node.Poll();
        await node.Poll(now: true, ack: [.. page.Sets.Keys]);
        await acting;
        await node.Poll(leaves: true);
        return ScimNode.Read(page.Sets.Single().Value);
    }

    private async Task RequireSigned(string token, string jti)
    {
        var checkedToken = await new JsonWebTokenHandler().ValidateTokenAsync(token, new()
        {
            ValidIssuer = AuthServer.PublicUrl.AbsoluteUri,
            ValidAudience = Audiences.Scim,
            ValidTypes = [SecurityEvents.TokenType],
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            RequireExpirationTime = false,
            ValidateLifetime = false,
            IssuerSigningKey = server.Services.GetRequiredService<IOptionsMonitor<OpenIddictServerOptions>>()
                .CurrentValue.SigningCredentials[0].Key,
        });
        Assert.That(checkedToken.IsValid, $"{checkedToken.Exception}");
        Assert.That(checkedToken.SecurityToken.Id, Is.EqualTo(jti));
    }
}
