using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Auth.Server.Credentials;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>Clients that prove themselves with a key instead of a secret (RFC 7523 §2.2).</summary>
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
    public async Task An_assertion_is_taken_once_at_the_token_endpoint_also_by_twenty_at_once()
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
    public async Task An_assertion_is_good_for_many_introspections()
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
    public async Task A_wrong_assertion_proves_nothing(string what, object? value)
    {
        await using var server = await AuthServer.Start();
        var issued = await Generate(server);

        using var response = await Ask(server, issued, Assertion(server, issued, what, value));

        Assert.That((int)response.StatusCode, Is.InRange(400, 401), await response.Content.ReadAsStringAsync());
        Assert.That((await response.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_client"));
    }

    [TestCase("{}", "no keys")]
    [TestCase("nonsense", "not a JWK set")]
    [TestCase("""{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}""", "P-256")]
    [TestCase("""{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}""", "P-256")]
    [TestCase("private", "private key")]
    public async Task Only_public_P256_keys_are_taken(string jwks, string reason)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        if (jwks == "private")
            jwks = Jwks(JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new(key)));

        var refused = Assert.ThrowsAsync<ProblemException>(() => Generate(server, account.Id, jwks));

        Assert.That(refused!.Message, Does.Contain(reason));
        Assert.That(await server.FindActive(account), Is.Null);
    }

    private async Task<IssuedCredentials> Generate(AuthServer server)
    {
        using var half = ECDsa.Create(key.ExportParameters(includePrivateParameters: false));
        var account = await server.CreateAccount();
        return await Generate(server, account.Id, Jwks(JsonWebKeyConverter.ConvertFromECDsaSecurityKey(new(half))));
    }

    private static Task<IssuedCredentials> Generate(AuthServer server, Guid account, string jwks) =>
        server.With((CredentialSets sets) => sets.Generate(
            new(account, null, CredentialMethods.OAuth2, "a test", Jwks: jwks), CancellationToken.None));

    private static string Jwks(JsonWebKey jwk) => JsonSerializer.Serialize(new
    {
        keys = new[] { new { kty = jwk.Kty, crv = jwk.Crv, x = jwk.X, y = jwk.Y, d = jwk.D, kid = "k1", use = "sig" } },
    });

    private static async Task<HttpResponseMessage> Ask(AuthServer server, IssuedCredentials issued, string assertion)
    {
        using var http = server.CreateClient();
        return await http.Send(
            AuthServerPaths.Token, null,
            ("grant_type", "client_credentials"), ("client_id", issued.Set.ClientId!),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion));
    }

    private string Assertion(AuthServer server, IssuedCredentials issued, string? changed = null, object? value = null)
    {
        var now = server.Time.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            ["iss"] = issued.Set.ClientId!,
            ["sub"] = issued.Set.ClientId!,
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
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Claims = claims,
            TokenType = changed == "typ" ? (string)value! : "client-authentication+jwt",
            SigningCredentials = value switch
            {
                "none" => null,
                "HS256" => new(new SymmetricSecurityKey(key.ExportSubjectPublicKeyInfo()), SecurityAlgorithms.HmacSha256),
                "another" => new(new ECDsaSecurityKey(another) { KeyId = "k1" }, SecurityAlgorithms.EcdsaSha256),
                _ => new(new ECDsaSecurityKey(key) { KeyId = "k1" }, SecurityAlgorithms.EcdsaSha256),
            },
        });
    }
}
