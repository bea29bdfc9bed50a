using System.Net;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Microsoft.IdentityModel.JsonWebTokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

[Category("AnyDatabase")]
public sealed class TokenEndpointTests
{
    [TestCase(true, TestName = "A_client_gets_a_token_with_its_secret_in_the_header")]
    [TestCase(false, TestName = "A_client_gets_a_token_with_its_secret_in_the_body")]
    public async Task A_client_gets_a_token(bool basic)
    {
        await using var server = await AuthServer.Start();
        var issued = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        using var http = server.CreateClient();

        using var response = basic
            ? await http.RequestToken(issued.Set.ClientId, issued.ClientSecret, ("grant_type", "client_credentials"))
            : await http.RequestToken(
                null, null,
                ("grant_type", "client_credentials"),
                ("client_id", issued.Set.ClientId!),
                ("client_secret", issued.ClientSecret!));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(response.Headers.CacheControl?.NoStore, Is.True);
        var token = await response.Json();
        Assert.That(token.GetProperty("token_type").GetString(), Is.EqualTo("Bearer"));
        Assert.That(token.GetProperty("scope").GetString(), Is.EqualTo(Scopes.Scim));
        Assert.That(token.GetProperty("expires_in").GetInt32(), Is.InRange(3590, 3600));
        Assert.That(token.TryGetProperty("refresh_token", out _), Is.False, "RFC 6749 §4.4.3");
    }

    [TestCase("00:05:00", 300)]
    [TestCase("01:00:00", 3600)]
    [TestCase("06:00:00", 21600)]
    public async Task An_access_token_follows_RFC_9068_and_has_the_configured_lifetime(string lifetime, int seconds)
    {
        await using var server = await AuthServer.Start($"--Auth:AccessTokenLifetime={lifetime}");
        using var scim = await ResourceServer.Register(server);
        var account = await server.CreateAccount();
        var issued = await server.Generate(account, CredentialMethods.OAuth2);
        using var http = server.CreateClient();

        var text = await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!);
        var other = await http.ClientCredentialsToken(issued.Set.ClientId!, issued.ClientSecret!);

        var token = new JsonWebToken(text);
        Assert.Multiple(() =>
        {
            Assert.That((token.Typ, token.Alg), Is.EqualTo(("at+jwt", "ES256")));
            Assert.That(token.Issuer, Is.EqualTo(AuthServer.PublicUrl.AbsoluteUri));
            Assert.That(token.Audiences, Is.EqualTo(new[] { Audiences.Scim }));
            Assert.That(token.Subject, Is.EqualTo($"{account.Id}"));
            Assert.That(token.GetClaim("client_id").Value, Is.EqualTo(issued.Set.ClientId));
            Assert.That(token.GetClaim("scope").Value, Is.EqualTo(Scopes.Scim));
            Assert.That(token.IssuedAt, Is.EqualTo(server.Time.GetUtcNow().UtcDateTime));
            Assert.That((token.ValidTo - token.IssuedAt).TotalSeconds, Is.EqualTo(seconds));
            Assert.That(token.Id, Is.Not.Empty.And.Not.EqualTo(new JsonWebToken(other).Id));
        });
        server.Time.Advance(TimeSpan.FromSeconds(seconds - 1));
        Assert.That((await scim.Introspect(text)).ExpiresIn, Is.EqualTo(1));
        server.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.That((await scim.Introspect(text)).Active, Is.False);
    }

    [Test]
    [Category("Check 21")]
    public async Task A_wrong_secret_and_an_unknown_client_get_the_same_response()
    {
        await using var server = await AuthServer.Start();
        var issued = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        using var http = server.CreateClient();

        using var wrong = await http.RequestToken(
            issued.Set.ClientId, "scim_cs_wrong", ("grant_type", "client_credentials"));
        using var unknown = await http.RequestToken("nobody", "scim_cs_wrong", ("grant_type", "client_credentials"));

        foreach (var response in new[] { wrong, unknown })
        {
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
            Assert.That((await response.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_client"));
        }
    }

    [Test]
    public async Task A_replaced_secret_is_refused_from_the_next_request_on_and_the_new_one_works()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        var old = await server.Generate(account, CredentialMethods.OAuth2);
        using var http = server.CreateClient();
        await http.ClientCredentialsToken(old.Set.ClientId!, old.ClientSecret!);

        var current = await server.Generate(account, CredentialMethods.OAuth2);

        using var refused = await http.RequestToken(
            old.Set.ClientId, old.ClientSecret, ("grant_type", "client_credentials"));
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(await http.ClientCredentialsToken(current.Set.ClientId!, current.ClientSecret!), Is.Not.Empty);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Use_of_a_replaced_secret_is_recorded_and_guessing_is_not(bool right)
    {
        await using var server = await AuthServer.Start("--Auth:KnownProxies:0=127.0.0.1");
        var account = await server.CreateAccount();
        var old = await server.Generate(account, CredentialMethods.OAuth2);
        await server.Generate(account, CredentialMethods.OAuth2);
        using var http = server.CreateClient();
        http.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.7");
        http.DefaultRequestHeaders.UserAgent.ParseAdd("Okta-Integrations");

        using var refused = await http.RequestToken(
            old.Set.ClientId, right ? old.ClientSecret : ClientSecret.Generate(), ("grant_type", "client_credentials"));

        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        await server.WriteUses();
        var refusal = (await server.With((CredentialHistory history) => history.Get(
            account.Id, old.Set.Id, CancellationToken.None))).LastRefusal;
        Assert.That(
            (refusal?.At, refusal?.Address, refusal?.UserAgent),
            Is.EqualTo(right
                ? (server.Time.GetUtcNow().UtcDateTime, "203.0.113.7", "Okta-Integrations")
                : ((DateTime?)null, (string?)null, (string?)null)));
    }

    [TestCase("password")]
    [TestCase("implicit")]
    [TestCase("urn:ietf:params:oauth:grant-type:device_code")]
    [TestCase("nonsense")]
    public async Task Other_grant_types_are_refused(string grantType)
    {
        await using var server = await AuthServer.Start();
        var issued = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        using var http = server.CreateClient();

        using var response = await http.RequestToken(
            issued.Set.ClientId, issued.ClientSecret, ("grant_type", grantType));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await response.Json()).GetProperty("error").GetString(), Is.EqualTo("unsupported_grant_type"));
    }

    // Little more than the limit of 4 MB: the server closes the connection on a client that still sends.
    [TestCase(AuthServerPaths.Token, 1, 4_200_000)]
    [TestCase(AuthServerPaths.Token, 2_000, 1)]
    [TestCase(AuthServerPaths.Introspection, 2_000, 1)]
    [TestCase("connect/revoke", 1, 4_200_000)]
    [Category("Check 24")]
    public async Task A_malformed_form_is_a_client_error(string path, int fields, int length)
    {
        await using var server = await AuthServer.Start();
        using var http = server.CreateClient();

        using var response = await http.Send(
            path, null, [.. Enumerable.Range(0, fields).Select(i => ($"field{i}", new string('x', length)))]);

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((await response.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_request"));
    }

    [Test]
    public async Task A_client_of_a_credential_set_gets_no_token_for_the_management_API()
    {
        await using var server = await AuthServer.Start();
        var issued = await server.Generate(await server.CreateAccount(), CredentialMethods.OAuth2);
        using var http = server.CreateClient();

        using var response = await http.RequestToken(
            issued.Set.ClientId, issued.ClientSecret, ("grant_type", "client_credentials"),
            ("scope", Scopes.ReadAccounts));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task The_plain_code_challenge_method_is_not_offered()
    {
        await using var server = await AuthServer.Start();
        using var http = server.CreateClient();

        using var response = await http.GetAsync(new Uri("/.well-known/oauth-authorization-server", UriKind.Relative));

        var methods = (await response.Json()).GetProperty("code_challenge_methods_supported");
        Assert.That(methods.EnumerateArray().Select(method => method.GetString()), Is.EqualTo(new[] { "S256" }));
    }
}
