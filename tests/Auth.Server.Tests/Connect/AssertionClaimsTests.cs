using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Connect;

/// <summary>
/// Client assertions (RFC 7523 §3) with a valid signature but unusual claims: whatever the JSON is, the response is a
/// token or <c>invalid_client</c>.
/// </summary>
[Category("AnyDatabase")]
internal sealed class AssertionClaimsTests
{
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    private static readonly string[] extremes =
    [
        "1e400", "-1e400", "1e30", "-1e30", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "18446744073709551616", "253402300800", "-62135596801", "99999999999999", "true", "[]", "{}", "[1]", "\"\"",
        "\"soon\"",
        "\"1e3\"", "NaN", "0x10", "1.",
    ];

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    private AuthServer server = null!;
    private IssuedCredentials issued = null!;
    private HttpClient http = null!;

    private string Id => issued.Set.ClientId!;

    private long Now => server.Time.GetUtcNow().ToUnixTimeSeconds();

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start(
            "--Auth:Limits:RequestsPerClient=10000", "--Auth:Limits:FailuresPerClient=10000",
            "--Auth:Limits:FailuresPerNetwork=10000");
        http = server.CreateClient();
        var account = await server.CreateAccount();
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var jwks = JsonSerializer.Serialize(new
        {
            keys = new[] { new { kty = "EC", crv = "P-256", kid = "k1", x = Base64UrlEncoder.Encode(point.X), y = Base64UrlEncoder.Encode(point.Y) } },
        });
        issued = await server.With((CredentialIssuer issuer) => issuer.Generate(
            new(
                account.Id, null, CredentialMethods.OAuth2, TestOperations.Actor(),
                RedirectUris: [AllowedClient.RedirectUri], Jwks: jwks),
            CancellationToken.None));
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        http.Dispose();
        key.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public Task An_invalid_time_is_refused(
        [Values("exp", "nbf", "iat")] string claim, [ValueSource(nameof(extremes))] string value) =>
        AssertNoFault(Claims((claim, value)));

    [TestCase("exp", "9223372036854775807")]
    [TestCase("exp", "1e30")]
    [TestCase("exp", "253402300800")]
    [TestCase("exp", "\"soon\"")]
    [TestCase("exp", "-1")]
    [TestCase("exp", "0")]
    [TestCase("nbf", "9223372036854775807")]
    [TestCase("nbf", "1e30")]
    [TestCase("nbf", "253402300800")]
    [TestCase("nbf", "{future}.5")]
    [TestCase("nbf", "4e9")]
    [TestCase("iss", "[\"{id}\"]")]
    [TestCase("iss", "{\"a\":\"{id}\"}")]
    [TestCase("iss", "null")]
    [TestCase("iss", "\"\"")]
    [TestCase("sub", "[\"{id}\"]")]
    [TestCase("sub", "[\"{id}\",\"{id}\"]")]
    [TestCase("sub", "null")]
    [TestCase("sub", "true")]
    [TestCase("jti", "\"\"")]
    [TestCase("jti", "null")]
    [TestCase("jti", "[]")]
    [TestCase("jti", "{}")]
    [TestCase("jti", "[\"a\",\"b\"]")]
    [TestCase("aud", "null")]
    [TestCase("aud", "7")]
    [TestCase("aud", "true")]
    [TestCase("aud", "{}")]
    [TestCase("aud", "{\"http://localhost:5001/\":1}")]
    [TestCase("aud", "[[\"http://localhost:5001/\"]]")]
    [TestCase("aud", "[\"http://localhost:5001/\",7]")]
    [TestCase("aud", "[\"http://localhost:5001/\",null]")]
    [TestCase("aud", "[\"http://localhost:5001/\",\"\"]")]
    [TestCase("aud", "[\"http://localhost:5001/\",{}]")]
    [TestCase("aud", "[\"\"]")]
    [TestCase("aud", "[null]")]
    [TestCase("aud", "\" http://localhost:5001/\"")]
    [TestCase("aud", "\"http://localhost:5001/ https://elsewhere.example/\"")]
    [TestCase("aud", "\"http://localhost:5001/?x\"")]
    [TestCase("aud", "\"http://localhost:5001/#x\"")]
    [TestCase("aud", "\"http://localhost:5001//\"")]
    [TestCase("aud", "\"https://localhost:5001/\"")]
    [TestCase("aud", "\"localhost:5001\"")]
    public async Task An_invalid_claim_is_refused(string claim, string value)
    {
        value = value.Replace("{id}", Id, StringComparison.Ordinal)
            .Replace("{future}", $"{Now + 3600}", StringComparison.Ordinal);

        using var refused = await Ask(Claims((claim, value)));

        Assert.That((int)refused.StatusCode, Is.EqualTo(401), await refused.Content.ReadAsStringAsync());
        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_client"));
    }

    [TestCase("exp", "{end}.75", Description = "RFC 7519 §2: a NumericDate may have a fraction; Python's time.time() has one.")]
    [TestCase("exp", "{end}.0")]
    [TestCase("nbf", "{now}.5")]
    [TestCase("nbf", "{now}")]
    [TestCase("nbf", "0")]
    [TestCase("iat", "{now}.5")]
    [TestCase("iat", "0")]
    [TestCase("jti", "\"a\\u0000b\"")]
    [TestCase("jti", "\"LONG\"")]
    [TestCase("aud", "[\"http://localhost:5001/\"]")]
    [TestCase("x", "{\"deep\":[[[[[[1]]]]]]}")]
    public async Task What_the_RFC_allows_is_accepted(string claim, string value)
    {
        value = value.Replace("{end}", $"{Now + 60}", StringComparison.Ordinal)
            .Replace("{now}", $"{Now - 1}", StringComparison.Ordinal)
            .Replace("LONG", new string('j', 20_000), StringComparison.Ordinal);

        using var taken = await Ask(Claims((claim, value)));

        Assert.That((int)taken.StatusCode, Is.EqualTo(200), await taken.Content.ReadAsStringAsync());
    }

    [TestCase("aud", "\"https://elsewhere.example/\"")]
    [TestCase("iss", "\"somebody\"")]
    [TestCase("sub", "\"somebody\"")]
    [TestCase("exp", "1")]
    [TestCase("exp", "9999999999")]
    public async Task A_duplicate_claim_is_refused(string claim, string value)
    {
        var claims = Claims();
        foreach (var text in new[]
        {
            claims[..^1] + $",\"{claim}\":{value}}}", $"{{\"{claim}\":{value}," + claims[1..],
        })
        {
            using var refused = await Ask(text);
            Assert.That((int)refused.StatusCode, Is.EqualTo(401), await refused.Content.ReadAsStringAsync());
        }
    }

    [TestCase("")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("7")]
    [TestCase("\"a\"")]
    [TestCase("{}")]
    [TestCase("{")]
    [TestCase("\uFEFF{}")]
    [TestCase("DEEP")]
    public Task An_invalid_payload_is_refused(string payload) => AssertNoFault(
        payload == "DEEP" ? $"{{\"a\":{new string('[', 5000)}{new string(']', 5000)}}}" : payload, mustRefuse: true);

    [TestCase("""{"alg":"ES256","kid":7}""")]
    [TestCase("""{"alg":"ES256","kid":null}""")]
    [TestCase("""{"alg":"ES256","kid":"unknown"}""")]
    [TestCase("""{"alg":"ES256","kid":""}""")]
    [TestCase("""{"alg":"es256","kid":"k1"}""")]
    [TestCase("""{"alg":["ES256"],"kid":"k1"}""")]
    [TestCase("""{"alg":null,"kid":"k1"}""")]
    [TestCase("""{"kid":"k1"}""")]
    [TestCase("""{"alg":"NONE","kid":"k1"}""")]
    [TestCase("""{"alg":"ES384","kid":"k1"}""")]
    [TestCase("""{"alg":"RS256","kid":"k1"}""")]
    [TestCase("""{"alg":"ES256","kid":"k1","typ":7}""")]
    [TestCase("""{"alg":"ES256","kid":"k1","typ":["JWT"]}""")]
    [TestCase("""{"alg":"ES256","kid":"k1","typ":"at+jwt"}""")]
    [TestCase("""{"alg":"ES256","kid":"k1","crit":["exp"],"exp":1}""")]
    [TestCase("""{"alg":"ES256","kid":"k1","crit":null}""")]
    [TestCase("""{"alg":"ES256","kid":"k1","crit":["x"],"crit":[]}""")]
    [TestCase("""{"alg":"ES256","kid":"k1","b64":false,"crit":["b64"]}""")]
    [TestCase("""{"alg":"ES256","kid":"k1","zip":"DEF"}""")]
    [TestCase("""{"alg":"ES256","kid":"k1","jku":"http://127.0.0.1:9/keys","x5u":"http://127.0.0.1:9/"}""")]
    [TestCase("null")]
    [TestCase("[]")]
    [TestCase("")]
    public Task An_unusual_header_is_not_a_server_error(string header) => AssertNoFault(Claims(), header);

    [Test]
    public async Task The_client_id_in_the_body_may_be_missing_or_empty(
        [Values(AuthServerPaths.Token, "connect/revoke")] string path, [Values(null, "")] string? named)
    {
        using var answer = await http.Send(path, null,
        [
            ("grant_type", "client_credentials"), ("token", "unknown"), ("client_assertion_type", AssertionType),
            ("client_assertion", Sign(Claims())),
            .. named is null ? Array.Empty<(string, string)>() : [("client_id", named)],
        ]);

        Assert.That((int)answer.StatusCode, Is.InRange(200, 201), await answer.Content.ReadAsStringAsync());
    }

    [TestCase("type missing", 400)]
    [TestCase("type empty", 400)]
    [TestCase("type wrong", 401)]
    [TestCase("type twice", 400)]
    [TestCase("assertion missing", 400)]
    [TestCase("assertion empty", 400)]
    [TestCase("assertion twice", 400)]
    [TestCase("secret too", 400)]
    [TestCase("header too", 400)]
    [TestCase("another client", 401)]
    [TestCase("nonsense", 401)]
    [TestCase("secret instead", 401)]
    public async Task An_assertion_must_have_its_type_and_no_second_credential(string how, int status)
    {
        var assertion = Sign(Claims());
        (string, string)[] form = how switch
        {
            "type missing" => [("client_assertion", assertion)],
            "type empty" => [("client_assertion", assertion), ("client_assertion_type", "")],
            "type wrong" => [
                ("client_assertion", assertion),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")
            ],
            "type twice" => [
                ("client_assertion", assertion), ("client_assertion_type", AssertionType),
                ("client_assertion_type", AssertionType)
            ],
            "assertion missing" => [("client_assertion_type", AssertionType)],
            "assertion empty" => [("client_assertion_type", AssertionType), ("client_assertion", "")],
            "assertion twice" => [
                ("client_assertion_type", AssertionType), ("client_assertion", assertion),
                ("client_assertion", assertion)
            ],
            "secret too" =>
                [("client_assertion_type", AssertionType), ("client_assertion", assertion), ("client_secret", "x")],
            "header too" => [("client_assertion_type", AssertionType), ("client_assertion", assertion)],
            "another client" => [("client_assertion_type", AssertionType), ("client_assertion", assertion)],
            "nonsense" => [("client_assertion_type", AssertionType), ("client_assertion", "nonsense")],
            _ => [("client_secret", "x")],
        };

        using var refused = await http.Send(
            AuthServerPaths.Token, how == "header too" ? OAuthClient.Basic(Id, "x") : null,
            [("grant_type", "client_credentials"), ("client_id", how == "another client" ? "nobody" : Id), .. form]);

        Assert.That((int)refused.StatusCode, Is.EqualTo(status), await refused.Content.ReadAsStringAsync());
        Assert.That(
            (await refused.Json()).GetProperty("error").GetString(),
            Is.EqualTo(status == 400 ? "invalid_request" : "invalid_client"));
    }

    private async Task AssertNoFault(string claims, string? header = null, bool mustRefuse = false)
    {
        using var answer = await Ask(claims, header);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.That((int)answer.StatusCode, mustRefuse ? Is.EqualTo(401) : Is.AnyOf(200, 401), text);
        if (!answer.IsSuccessStatusCode)
            Assert.That((await answer.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_client"), text);
    }

    private Task<HttpResponseMessage> Ask(string claims, string? header = null) => http.Send(
        AuthServerPaths.Token, null,
        ("grant_type", "client_credentials"), ("client_id", Id),
        ("client_assertion_type", AssertionType), ("client_assertion", Sign(claims, header)));

    /// <summary>The usual claims as JSON, with the given ones replaced.</summary>
    private string Claims(params (string Name, string Json)[] changed)
    {
        var claims = new Dictionary<string, string>
        {
            ["iss"] = $"\"{Id}\"", ["sub"] = $"\"{Id}\"", ["aud"] = "\"http://localhost:5001/\"",
            ["jti"] = $"\"{Guid.NewGuid()}\"", ["iat"] = $"{Now}", ["exp"] = $"{Now + 60}",
        };
        foreach (var (name, json) in changed)
            claims[name] = json;
        return $"{{{string.Join(',', claims.Select(claim => $"\"{claim.Key}\":{claim.Value}"))}}}";
    }

    private string Sign(string claims, string? header = null)
    {
        var text = $"{Base64UrlEncoder.Encode(header ?? """{"alg":"ES256","kid":"k1","typ":"JWT"}""")}.{Base64UrlEncoder.Encode(claims)}";
        return $"{text}.{Base64UrlEncoder.Encode(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256))}";
    }
}
