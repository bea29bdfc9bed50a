using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>Clients that authenticate with a key instead of a secret (RFC 7523 §2.2).</summary>
[Category("AnyDatabase")]
[Category("Slow")]
internal sealed class PrivateKeyJwtTests
{
    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    [OneTimeTearDown]
    public void Dispose() => key.Dispose();

    [Test]
    public async Task A_client_with_a_key_has_no_secret_and_gets_tokens()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var issued = await Generate(server);

        using var response = await Ask(server, issued, Assertion(server, issued));

        Assert.That(issued.ClientSecret, Is.Null);
        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), await response.Content.ReadAsStringAsync());
        var token = (await response.Json()).GetProperty("access_token").GetString()!;
        Assert.That((await scim.Introspect(token)).CredentialSet!.Id, Is.EqualTo(issued.Set.Id));
        using var http = server.CreateClient();
        using var guessed = await http.RequestToken(issued.Set.ClientId, "", ("grant_type", "client_credentials"));
        Assert.That(guessed.IsSuccessStatusCode, Is.False);
    }

    [TestCase("JWT")]
    [TestCase("jwt")]
    [TestCase("client-authentication+jwt")]
    public async Task An_assertion_may_have_the_type_that_client_libraries_write(string type)
    {
        await using var server = await AuthServer.Start();
        var issued = await Generate(server);

        using var response = await Ask(server, issued, Assertion(server, issued, "typ", type));

        Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.OK), await response.Content.ReadAsStringAsync());
    }

    [Test]
    [Category("Check 29")]
    public async Task An_assertion_is_accepted_once_at_the_token_endpoint_even_with_twenty_concurrent_requests()
    {
        await using var server = await AuthServer.Start();
        var issued = await Generate(server);
        var assertion = Assertion(server, issued);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Ask(server, issued, assertion)));

        Assert.That(answers.Count(answer => answer.IsSuccessStatusCode), Is.EqualTo(1));
        foreach (var answer in answers.Where(answer => !answer.IsSuccessStatusCode))
            Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_client"));
        foreach (var answer in answers)
            answer.Dispose();
    }

    [Test]
    public async Task An_assertion_is_valid_for_many_introspections()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var token = (await server.Generate(await server.CreateAccount())).Token!;
        using var http = server.CreateClient();
        var assertion = scim.Assertion();

        for (var i = 0; i < 3; i++)
        {
            using var response = await http.Send(
                AuthServerPaths.Introspection, null,
                ("token", token), ("client_id", Audiences.Scim),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion));
            Assert.That((await response.Json()).GetProperty("active").GetBoolean());
        }
    }

    [TestCase("aud", "https://elsewhere.example/")]
    [TestCase("aud", "scim")]
    [TestCase("iss", "somebody")]
    [TestCase("sub", "somebody")]
    [TestCase("jti", null)]
    [TestCase("exp", -600)]
    [TestCase("exp", null)]
    [TestCase("exp", 7200)]
    [TestCase("nbf", 600)]
    [TestCase("alg", "none")]
    [TestCase("alg", "HS256")]
    [TestCase("key", "another")]
    [TestCase("typ", "at+jwt")]
    [TestCase("typ", "oauth-authz-req+jwt")]
    [Category("Check 29")]
    public async Task An_invalid_assertion_is_refused(string what, object? value)
    {
        await using var server = await AuthServer.Start();
        var issued = await Generate(server);

        using var response = await Ask(server, issued, Assertion(server, issued, what, value));

        Assert.That((int)response.StatusCode, Is.InRange(400, 401), await response.Content.ReadAsStringAsync());
        Assert.That((await response.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_client"));
    }

    [TestCase("http://localhost:5001/", true)]
    [TestCase("http://localhost:5001", true)]
    [TestCase("http://localhost:5001/connect/token", true, Description = "Used by authlib and Duende.IdentityModel.")]
    [TestCase("[http://localhost:5001/]", true)]
    [TestCase("[http://localhost:5001/connect/token]", true)]
    [TestCase("http://localhost:5001/connect/token/", false)]
    [TestCase("http://localhost:5001/connect/introspect", false)]
    [TestCase("http://LOCALHOST:5001/", false)]
    [TestCase("[http://localhost:5001/ https://elsewhere.example/]", false)]
    [TestCase("[https://elsewhere.example/ http://localhost:5001/]", false)]
    [TestCase("[http://localhost:5001/ http://localhost:5001/connect/token]", false)]
    [TestCase("[http://localhost:5001/ http://localhost:5001]", false)]
    [TestCase("[]", false)]
    [TestCase("", false)]
    public async Task An_assertion_must_have_this_server_as_its_only_audience(string audience, bool good)
    {
        await using var server = await AuthServer.Start();
        var issued = await Generate(server);
        object value = audience.StartsWith('[')
            ? audience.Trim('[', ']').Split(' ', StringSplitOptions.RemoveEmptyEntries)
            : audience;
        foreach (var path in new[] { AuthServerPaths.Token, "connect/revoke" })
        {
            using var answer = await Ask(server, issued, Assertion(server, issued, "aud", value), path);
            await AssertTaken(answer, good);
        }

        using var management = await ManagementAnswer(server, value);
        await AssertTaken(management, good);
        using var introspection = await IntrospectionAnswer(server, value);
        await AssertTaken(introspection, good);
    }

    [TestCase("connect/par", true, Description = "RFC 9126 §2")]
    [TestCase(AuthServerPaths.Token, false)]
    [TestCase("connect/revoke", false)]
    public async Task The_pushed_authorization_endpoint_is_an_audience_only_there(string path, bool good)
    {
        await using var server = await AuthServer.Start();
        var issued = await Generate(server, "https://client.example/");

        using var answer = await Ask(
            server, issued, Assertion(server, issued, "aud", "http://localhost:5001/connect/par"), path);
        using var mixed = await Ask(
            server, issued,
            Assertion(server, issued, "aud", new[] { "http://localhost:5001/connect/par", "http://localhost:5001/" }),
            path);

        await AssertTaken(answer, good);
        await AssertTaken(mixed, good: false);
    }

    [TestCase("[\"b64\"]")]
    [TestCase("[\"exp\"]")]
    [TestCase("[\"https://elsewhere.example/x\"]")]
    [TestCase("[\"b64\",\"exp\"]")]
    [TestCase("[]")]
    [TestCase("\"b64\"")]
    [TestCase("{}")]
    [TestCase("null")]
    [TestCase("1")]
    public async Task An_assertion_with_critical_extensions_is_refused(string crit)
    {
        await using var server = await AuthServer.Start();
        var issued = await Generate(server);

        foreach (var path in new[] { AuthServerPaths.Token, "connect/revoke" })
        {
            using var refused = await Ask(server, issued, WithHeader(Assertion(server, issued), "crit", crit), path);
            await AssertTaken(refused, good: false);
        }
        using var taken = await Ask(server, issued, WithHeader(Assertion(server, issued), "b64x", crit));
        await AssertTaken(taken, good: true);
    }

    [TestCase("iss", 7)]
    [TestCase("sub", 7)]
    [TestCase("jti", 7)]
    [TestCase("aud", 7)]
    [TestCase("exp", "soon")]
    [TestCase("nbf", "soon")]
    [TestCase("iat", "soon")]
    public async Task A_claim_of_another_type_is_refused(string claim, object value)
    {
        await using var server = await AuthServer.Start();
        var issued = await Generate(server);

        using var refused = await Ask(server, issued, Assertion(server, issued, claim, value is int ? 7L : value));

        Assert.That((int)refused.StatusCode, Is.EqualTo(401), await refused.Content.ReadAsStringAsync());
        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_client"));
    }

    [TestCase("{}", "no keys")]
    [TestCase("nonsense", "not a JWK set")]
    [TestCase("""{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}""", "P-256")]
    [TestCase("""{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}""", "P-256")]
    [TestCase("private", "private key")]
    public async Task Only_public_P256_keys_are_accepted(string jwks, string reason)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        if (jwks == "private")
            jwks = Jwks(JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new(key)));

        var refused = Assert.ThrowsAsync<ProblemException>(() => Generate(server, account.Id, jwks));

        Assert.That(refused!.Message, Does.Contain(reason));
        Assert.That(await server.FindActive(account), Is.Null);
    }

    private static async Task AssertTaken(HttpResponseMessage answer, bool good)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.That((int)answer.StatusCode, good ? Is.InRange(200, 201) : Is.EqualTo(401), text);
        if (!good)
        {
            var refusal = await answer.Json();
            Assert.That(refusal.GetProperty("error").GetString(), Is.EqualTo("invalid_client"));
            Assert.That(
                refusal.GetProperty("error_description").GetString(), Does.StartWith("The client assertion "), text);
        }
    }

    private string PublicJwks()
    {
        using var half = ECDsa.Create(key.ExportParameters(includePrivateParameters: false));
        return Jwks(JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new(half)));
    }

    /// <summary>The status that a client of the management API receives.</summary>
    private async Task<HttpResponseMessage> ManagementAnswer(AuthServer server, object audience)
    {
        var clientId =
            await server.With<Auth.Server.Connect.ManagementClients, string>(async clients => (await clients.Add(
            new("rotation", PublicJwks(), null, ReadOnly: true, TestOperations.Actor()),
            CancellationToken.None)).ClientId!);
        return await Ask(
            server, clientId, Assertion(server, clientId, "aud", audience), AuthServerPaths.Token,
            ("scope", "accounts.read"));
    }

    /// <summary>The status that a resource server receives.</summary>
    private async Task<HttpResponseMessage> IntrospectionAnswer(AuthServer server, object audience)
    {
        await server.With<Auth.Server.Connect.ResourceServers, bool>(async servers =>
        {
            await servers.Add("another", PublicJwks(), CancellationToken.None);
            return true;
        });
        return await Ask(
            server, "another", Assertion(server, "another", "aud", audience), AuthServerPaths.Introspection);
    }

    /// <summary>The same assertion with another header, signed again.</summary>
    private string WithHeader(string assertion, string name, string json)
    {
        var parts = assertion.Split('.');
        var header = Base64UrlEncoder.Decode(parts[0]);
        var text = $"{Base64UrlEncoder.Encode($"{header[..^1]},\"{name}\":{json}}}")}.{parts[1]}";
        var signature = key.SignData(System.Text.Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256);
        return $"{text}.{Base64UrlEncoder.Encode(signature)}";
    }

    private async Task<IssuedCredentials> Generate(AuthServer server, params string[] redirectUris)
    {
        var account = await server.CreateAccount();
        return await Generate(server, account.Id, PublicJwks(), redirectUris);
    }

    private static Task<IssuedCredentials> Generate(
        AuthServer server, Guid account, string jwks, params string[] redirectUris) =>
        server.With((CredentialIssuer issuer) => issuer.Generate(
            new(
                account, null, CredentialMethods.OAuth2, TestOperations.Actor(), RedirectUris: redirectUris,
                Jwks: jwks),
            CancellationToken.None));

    private static string Jwks(JsonWebKey jwk) => JsonSerializer.Serialize(new
    {
        keys = new[] { new { kty = jwk.Kty, crv = jwk.Crv, x = jwk.X, y = jwk.Y, d = jwk.D, kid = "k1", use = "sig" } },
    });

    private static Task<HttpResponseMessage> Ask(
        AuthServer server, IssuedCredentials issued, string assertion, string path = AuthServerPaths.Token) =>
        Ask(server, issued.Set.ClientId!, assertion, path);

    private static async Task<HttpResponseMessage> Ask(
        AuthServer server, string clientId, string assertion, string path, params (string, string)[] other)
    {
        using var http = server.CreateClient();
        return await http.Send(
            path, null,
            [
                ("grant_type", "client_credentials"), ("token", "unknown"), ("response_type", "code"),
                ("client_id", clientId),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", assertion), .. other,
            ]);
    }

    private string Assertion(
        AuthServer server, IssuedCredentials issued, string? changed = null, object? value = null) =>
        Assertion(server, issued.Set.ClientId!, changed, value);

    private string Assertion(AuthServer server, string clientId, string? changed = null, object? value = null)
    {
        var now = server.Time.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            ["iss"] = clientId,
            ["sub"] = clientId,
            ["aud"] = AuthServer.PublicUrl.AbsoluteUri,
            ["jti"] = Guid.NewGuid().ToString(),
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = now.AddMinutes(1).ToUnixTimeSeconds(),
        };
        if (changed is not null and not ("alg" or "key" or "typ") && value is null)
            claims.Remove(changed);
        else if (changed is not null and not ("alg" or "key" or "typ"))
            claims[changed] = value is int seconds ? now.AddSeconds(seconds).ToUnixTimeSeconds() : value!;

        using var another = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }
            .CreateToken(new SecurityTokenDescriptor
        {
            Claims = claims,
            TokenType = changed == "typ" ? (string)value! : "client-authentication+jwt",
            SigningCredentials = value switch
            {
                "none" => null,
                "HS256" =>
                    new(new SymmetricSecurityKey(key.ExportSubjectPublicKeyInfo()), SecurityAlgorithms.HmacSha256),
                "another" => new(new ECDsaSecurityKey(another) { KeyId = "k1" }, SecurityAlgorithms.EcdsaSha256),
                _ => new(new ECDsaSecurityKey(key) { KeyId = "k1" }, SecurityAlgorithms.EcdsaSha256),
            },
        });
    }
}
