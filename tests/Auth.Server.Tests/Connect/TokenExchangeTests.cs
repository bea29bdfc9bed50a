using System.Net;
using Auth.Server.Events;
using Auth.Server.KeyLifecycle;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>A vault keeps a long-lived token and exchanges it for short-lived ones (RFC 8693).</summary>
[Category("Slow")]
[Category("AnyDatabase")]
internal sealed class TokenExchangeTests
{
    private const string GrantType = "urn:ietf:params:oauth:grant-type:token-exchange";
    private const string AccessTokenType = "urn:ietf:params:oauth:token-type:access_token";

    [Test]
    public async Task A_direct_JWT_is_exchanged_without_client_authentication()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var issued = await server.Generate(await server.CreateAccount());

        var exchanged = await Exchange(server, null, null, issued.Token!);

        var answer = await scim.Introspect(exchanged.AccessToken);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exchanged.TokenType, Is.EqualTo("Bearer"));
            Assert.That(exchanged.IssuedTokenType, Is.EqualTo(AccessTokenType));
            Assert.That(exchanged.RefreshToken, Is.Null);
            Assert.That(exchanged.ExpiresIn, Is.InRange(3590, 3600));
            Assert.That(answer.Active);
            Assert.That(answer.Scope, Is.EqualTo(Scopes.Scim));
            Assert.That(answer.CredentialSet!.Id, Is.EqualTo(issued.Set.Id));
            Assert.That(answer.CredentialSet.Method, Is.EqualTo(CredentialMethods.DirectJwt));
            Assert.That(answer.Act!.Subject, Is.EqualTo(issued.Set.Id.ToString()));
            Assert.That(answer.ExpiresIn, Is.InRange(3590, 3600));
        }
        server.Time.Advance(TimeSpan.FromHours(1));
        Assert.That((await scim.Introspect(exchanged.AccessToken)).Active, Is.False);
        Assert.That((await scim.Introspect(issued.Token!)).Active);
    }

    [Test]
    [Category("Check 40")]
    public async Task A_client_must_authenticate_to_exchange_its_own_token()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var tokens = await client.Tokens();
        server.Time.Advance(TimeSpan.FromMinutes(50));

        var exchanged = await Exchange(server, client.Issued.Set.ClientId, client.Issued.ClientSecret, tokens.AccessToken);
        using var unauthenticated = await TryExchange(server, null, null, tokens.AccessToken);
        using var named = await TryExchange(
            server, null, null, tokens.AccessToken, ("client_id", client.Issued.Set.ClientId!));

        using var renewable = await TryExchange(
            server, client.Issued.Set.ClientId, client.Issued.ClientSecret, tokens.AccessToken,
            ("scope", "scim offline_access"));

        Assert.That(exchanged.ExpiresIn, Is.InRange(590, 600), "never longer than the subject token");
        Assert.That(exchanged.RefreshToken, Is.Null, "it would be valid longer");
        Assert.That((int)renewable.StatusCode, Is.EqualTo(400));
        Assert.That((await renewable.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_scope"));
        Assert.That((await scim.Introspect(exchanged.AccessToken)).Act!.Subject, Is.EqualTo(client.Issued.Set.ClientId));
        Assert.That(unauthenticated.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(named.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [TestCase(CredentialMethods.DirectJwt)]
    [TestCase(CredentialMethods.OAuth2)]
    [Category("Check 41")]
    public async Task An_exchanged_token_ends_with_its_set(string method)
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount();
        var issued = await server.Generate(account, method);
        var subject = await TokenOf(server, issued);
        var exchanged = await Exchange(server, issued.Set.ClientId, issued.ClientSecret, subject);

        await server.Generate(account, method);

        Assert.That((await scim.Introspect(exchanged.AccessToken)).Active, Is.False);
        using var again = await TryExchange(server, issued.Set.ClientId, issued.ClientSecret, exchanged.AccessToken);
        Assert.That(again.IsSuccessStatusCode, Is.False);
    }

    [Test]
    public async Task An_exchanged_token_ends_with_its_grant()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var tokens = await client.Tokens();
        var exchanged = await Exchange(server, client.Issued.Set.ClientId, client.Issued.ClientSecret, tokens.AccessToken);

        using var revoked = await client.Post("connect/revoke", ("token", tokens.RefreshToken!));

        Assert.That((await scim.Introspect(exchanged.AccessToken)).Active, Is.False);
    }

    [TestCase(0, Description = "The token that the client began with.")]
    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(4, Description = "The last one in the chain ends only itself.")]
    public async Task An_exchanged_token_ends_with_each_of_its_subject_tokens(int revoked)
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        var (id, secret) = (client.Issued.Set.ClientId, client.Issued.ClientSecret);
        var own = await client.ClientCredentialsToken();
        var chain = new List<string> { own };
        for (var depth = 0; depth < 4; depth++)
            chain.Add((await Exchange(server, id, secret, chain[^1])).AccessToken);
        var sibling = (await Exchange(server, id, secret, own)).AccessToken;
        var another = await client.ClientCredentialsToken();

        using var answer = await client.Post("connect/revoke", ("token", chain[revoked]));

        Assert.That((int)answer.StatusCode, Is.EqualTo(200));
        for (var depth = 0; depth < chain.Count; depth++)
            Assert.That((await scim.Introspect(chain[depth])).Active, Is.EqualTo(depth < revoked), $"depth {depth}");
        Assert.That((await scim.Introspect(sibling)).Active, Is.EqualTo(revoked > 0));
        Assert.That((await scim.Introspect(another)).Active);
        using var again = await TryExchange(server, id, secret, chain[Math.Min(revoked + 1, 4)]);
        Assert.That((await again.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
        Assert.That(
            await server.WithDatabase(db => db.Events.CountAsync(e => e.Type == SecurityEvents.SessionRevoked)),
            Is.EqualTo(1), "nodes of Scim.Api discard what they have cached about the account's tokens");
    }

    [Test]
    public async Task An_exchanged_token_ends_when_the_key_of_its_subject_token_is_withdrawn()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        server.Time.Advance(TimeSpan.FromDays(3));
        var own = await client.ClientCredentialsToken();
        await server.With<KeyRotation, int>(async keys =>
        {
            await keys.Rotate(CancellationToken.None);
            return 0;
        });
        var exchanged = await Exchange(server, client.Issued.Set.ClientId, client.Issued.ClientSecret, own);
        Assert.That(new JsonWebToken(exchanged.AccessToken).Kid, Is.Not.EqualTo(new JsonWebToken(own).Kid));

        await server.With<KeyRotation, Withdrawal>(
            keys => keys.Withdraw(new JsonWebToken(own).Kid, CancellationToken.None));

        Assert.That((await scim.Introspect(exchanged.AccessToken)).Active, Is.False);
    }

    [Test]
    public async Task Tokens_exchanged_while_their_subject_is_revoked_end_with_it()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var client = await AllowedClient.Of(server);
        for (var round = 0; round < 10; round++)
        {
            var own = await client.ClientCredentialsToken();
            var trades = Enumerable.Range(0, 4)
                .Select(_ => TryExchange(server, client.Issued.Set.ClientId, client.Issued.ClientSecret, own)).ToList();
            using var revoked = await client.Post("connect/revoke", ("token", own));
            Assert.That((int)revoked.StatusCode, Is.EqualTo(200));
            foreach (var answer in await Task.WhenAll(trades))
            {
                if (answer.IsSuccessStatusCode)
                {
                    var token = (await answer.Json()).GetProperty("access_token").GetString()!;
                    Assert.That((await scim.Introspect(token)).Active, Is.False);
                }
                answer.Dispose();
            }
        }
    }

    [Test]
    [Category("Check 42")]
    public async Task The_actors_are_recorded_and_the_chain_is_limited()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var issued = await server.Generate(await server.CreateAccount());
        var token = issued.Token!;
        for (var depth = 1; depth <= 4; depth++)
        {
            token = (await Exchange(server, null, null, token)).AccessToken;
            var actors = 0;
            for (var actor = (await scim.Introspect(token)).Act; actor is not null; actor = actor.Previous)
                actors++;
            Assert.That(actors, Is.EqualTo(depth));
        }

        using var refused = await TryExchange(server, null, null, token);

        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
    }

    [TestCase("scope", "scim", 200, null)]
    [TestCase("scope", "accounts.read", 400, "invalid_scope")]
    [TestCase("scope", "portal", 400, "invalid_scope")]
    [TestCase("scope", "scim connection.test", 400, "invalid_scope")]
    [TestCase("audience", "scim", 400, "invalid_target")]
    [TestCase("audience", "management", 400, "invalid_target")]
    [TestCase("resource", "http://localhost:5002/scim/v2", 200, null)]
    [TestCase("resource", "https://elsewhere.example/", 400, "invalid_target")]
    [TestCase("requested_token_type", AccessTokenType, 200, null)]
    [TestCase("requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token", 400, "invalid_request")]
    [TestCase("requested_token_type", "urn:ietf:params:oauth:token-type:id_token", 400, "invalid_request")]
    [TestCase("subject_token_type", "urn:ietf:params:oauth:token-type:refresh_token", 400, "invalid_request")]
    [TestCase("subject_token_type", "nonsense", 400, "invalid_request")]
    [TestCase("actor_token_type", AccessTokenType, 400, "invalid_request")]
    [TestCase("subject_token", "", 400, "invalid_request")]
    [TestCase("subject_token", "nonsense", 401, "invalid_client")]
    [TestCase("subject_token", "a.b.c", 401, "invalid_client")]
    [Category("Check 38")]
    [Category("Check 39")]
    [Category("Check 40")]
    public async Task An_exchange_cannot_widen_access(string name, string value, int status, string? error)
    {
        await using var server = await AuthServer.Start();
        var issued = await server.Generate(await server.CreateAccount());

        using var response = await TryExchange(server, null, null, issued.Token!, (name, value));

        Assert.That((int)response.StatusCode, Is.EqualTo(status), await response.Content.ReadAsStringAsync());
        if (error is not null)
            Assert.That((await response.Json()).GetProperty("error").GetString(), Is.EqualTo(error));
    }

    [Test]
    [Category("Check 37")]
    public async Task Tokens_of_another_set_or_of_the_portal_cannot_be_exchanged()
    {
        await using var server = await AuthServer.Start();
        var mine = await server.Generate(await server.CreateAccount("one"), CredentialMethods.OAuth2);
        var direct = await server.Generate(await server.CreateAccount("two"));
        var account = await server.CreateAccount("three");
        await server.CreateAdministrator(account);
        var session = (await server.With((Auth.Server.Administrators.SignIn signIn) =>
            signIn.Try("ada@example.com", AuthServer.Password, new(), CancellationToken.None))).Session!;
        var portal = await server.With((Auth.Server.Connect.TokenIssuer tokens) => tokens.Issue(
            account.Id, "portal", [Scopes.Scim, Scopes.Portal], server.Time.GetUtcNow().UtcDateTime.AddMinutes(5),
            (Auth.Server.Connect.IssuedUnder.Session, session.Id.ToString())));

        foreach (var token in new[] { direct.Token!, portal })
        {
            using var response = await TryExchange(server, mine.Set.ClientId, mine.ClientSecret, token);
            Assert.That((await response.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
        }
        using var unauthenticated = await TryExchange(server, null, null, portal);
        Assert.That(unauthenticated.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        using var impersonating = await TryExchange(
            server, null, null, await TokenOf(server, mine), ("client_id", direct.Set.Id.ToString()));
        Assert.That((await impersonating.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_grant"));
    }

    [TestCase("client_credentials")]
    [TestCase("authorization_code")]
    [TestCase("refresh_token")]
    public async Task The_client_that_a_direct_JWT_names_can_do_nothing_else(string grantType)
    {
        await using var server = await AuthServer.Start();
        var issued = await server.Generate(await server.CreateAccount());
        using var http = server.CreateClient();

        using var token = await http.Send(
            AuthServerPaths.Token, null, ("grant_type", grantType), ("client_id", issued.Set.Id.ToString()),
            ("code", "x"), ("refresh_token", "x"), ("redirect_uri", "https://x.example/"), ("client_secret", ""));
        using var authorize = await http.GetAsync(new Uri(
            $"connect/authorize?response_type=code&client_id={issued.Set.Id}&redirect_uri=https://x.example/",
            UriKind.Relative));
        using var introspect = await http.Send(
            AuthServerPaths.Introspection, null, ("client_id", issued.Set.Id.ToString()), ("token", issued.Token!));

        Assert.That((int)token.StatusCode, Is.InRange(400, 401));
        Assert.That((int)authorize.StatusCode, Is.EqualTo(400));
        Assert.That((int)introspect.StatusCode, Is.InRange(400, 401));
    }

    private static async Task<string> TokenOf(AuthServer server, Auth.Server.Credentials.IssuedCredentials issued)
    {
        using var http = server.CreateClient();
        return issued.Token ?? await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!);
    }

    private static async Task<Tokens> Exchange(AuthServer server, string? clientId, string? clientSecret, string token)
    {
        using var response = await TryExchange(server, clientId, clientSecret, token);
        Assert.That((int)response.StatusCode, Is.EqualTo(200), await response.Content.ReadAsStringAsync());
        return (await System.Net.Http.Json.HttpContentJsonExtensions.ReadFromJsonAsync<Tokens>(response.Content))!;
    }

    private static async Task<HttpResponseMessage> TryExchange(
        AuthServer server, string? clientId, string? clientSecret, string token,
        params (string Name, string Value)[] other)
    {
        (string Name, string Value)[] usual =
            [("grant_type", GrantType), ("subject_token", token), ("subject_token_type", AccessTokenType)];
        using var http = server.CreateClient();
        return await http.RequestToken(
            clientId, clientSecret, [.. usual.Where(field => other.All(o => o.Name != field.Name)), .. other]);
    }
}
