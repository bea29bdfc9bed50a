using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Auth.Server.Credentials;
using Auth.Server.Tests.Connect;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Auth.Server.Tests.Checks;

/// <summary>
/// Forged tokens: neither introspection nor token exchange accepts them (RFC 8725). <c>Scim.Api</c>
/// has its own tests for them.
/// </summary>
internal sealed class ForgedTokenChecks
{
    private AuthServer server = null!;
    private ResourceServer scim = null!;
    private HttpClient http = null!;
    private IssuedCredentials issued = null!;
    private TcpListener listener = null!;
    private JsonObject publicKey = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        scim = await ResourceServer.Register(server);
        http = server.CreateClient();
        issued = await server.Generate(await server.CreateAccount());
        listener = new(IPAddress.Loopback, 0);
        listener.Start();
        var jwks = JsonNode.Parse(await http.GetStringAsync(new Uri(AuthServerPaths.Keys, UriKind.Relative)))!;
        var kid = new JsonWebToken(issued.Token).Kid;
        publicKey = jwks["keys"]!.AsArray().Single(key => (string?)key!["kid"] == kid)!.AsObject();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        listener.Dispose();
        http.Dispose();
        scim.Dispose();
        await server.DisposeAsync();
    }

    private string Token => issued.Token!;

    private string Elsewhere => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/jwks";

    [Test]
    public async Task The_original_token_is_live() => Assert.That((await scim.Introspect(Token)).Active);

    [TestCase("none")]
    [TestCase("None")]
    [TestCase("nOnE")]
    [TestCase("")]
    [TestCase("ES256")]
    [Category("Check 43")]
    public Task A_token_without_a_signature_is_refused(string algorithm) =>
        RequireRefused($"{Header(header => header["alg"] = algorithm)}.{Token.Split('.')[1]}.");

    [TestCase("HS256")]
    [TestCase("HS384")]
    [TestCase("HS512")]
    [Category("Check 43")]
    public async Task The_public_key_is_not_accepted_as_an_HMAC_secret(string algorithm)
    {
        using var key = ECDsa.Create(new ECParameters
        {
            Curve = ECCurve.NamedCurves.nistP256,
            Q = new()
            {
                X = Base64UrlEncoder.DecodeBytes((string?)publicKey["x"]),
                Y = Base64UrlEncoder.DecodeBytes((string?)publicKey["y"]),
            },
        });
        byte[][] secrets =
        [
            Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem()),
            key.ExportSubjectPublicKeyInfo(),
            Encoding.UTF8.GetBytes(publicKey.ToJsonString()),
            Base64UrlEncoder.DecodeBytes((string?)publicKey["x"]),
            [],
        ];
        var signed = $"{Header(header => header["alg"] = algorithm)}.{Token.Split('.')[1]}";

        foreach (var secret in secrets)
        {
            var bytes = Encoding.ASCII.GetBytes(signed);
            var hash = algorithm switch
            {
                "HS256" => HMACSHA256.HashData(secret, bytes),
                "HS384" => HMACSHA384.HashData(secret, bytes),
                _ => HMACSHA512.HashData(secret, bytes),
            };
            await RequireRefused($"{signed}.{Base64UrlEncoder.Encode(hash)}");
        }
    }

    [TestCase("jku")]
    [TestCase("x5u")]
    [TestCase("jwk")]
    [TestCase("kid")]
    [Category("Check 43")]
    public async Task A_token_does_not_bring_its_own_key(string parameter)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = own.ExportParameters(false).Q;
        var header = Header(header => header[parameter] = parameter switch
        {
            "jwk" => new JsonObject
            {
                ["kty"] = "EC",
                ["crv"] = "P-256",
                ["x"] = Base64UrlEncoder.Encode(point.X),
                ["y"] = Base64UrlEncoder.Encode(point.Y),
            },
            // With the id of our own key.
            "kid" => header["kid"]!.DeepClone(),
            _ => Elsewhere,
        });

        await RequireRefused(Sign(own, $"{header}.{Token.Split('.')[1]}"));

        Assert.That(listener.Pending(), Is.False, "no key was fetched");
    }

    [TestCase("../../../../dev/null")]
    [TestCase("/etc/passwd")]
    [TestCase("' OR 1=1 --")]
    [TestCase("a\r\nb")]
    [TestCase("\0")]
    [Category("Check 43")]
    public async Task A_key_id_is_never_a_path_or_a_URL(string kid)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await RequireRefused(Sign(own, $"{Header(header => header["kid"] = kid)}.{Token.Split('.')[1]}"));
        // A signature with an empty key.
        var hmac = $"{Header(header => (header["alg"], header["kid"]) = ("HS256", kid))}.{Token.Split('.')[1]}";
        await RequireRefused($"{hmac}.{Base64UrlEncoder.Encode(HMACSHA256.HashData(Array.Empty<byte>(), Encoding.ASCII.GetBytes(hmac)))}");
    }

    [TestCase("sub", "4b8f2d0e-0000-4000-8000-000000000000")]
    [TestCase("exp", "99999999999")]
    [TestCase("scope", "accounts.read")]
    [TestCase("oi_tkn_id", "4b8f2d0e-0000-4000-8000-000000000000")]
    [Category("Check 43")]
    public Task A_changed_payload_invalidates_the_signature(string claim, string value)
    {
        var parts = Token.Split('.');
        var payload = JsonNode.Parse(Base64UrlEncoder.Decode(parts[1]))!.AsObject();
        payload[claim] = claim == "exp" ? long.Parse(value, System.Globalization.CultureInfo.InvariantCulture) : value;
        return RequireRefused($"{parts[0]}.{Base64UrlEncoder.Encode(payload.ToJsonString())}.{parts[2]}");
    }

    [TestCase("JWT")]
    [TestCase("oi_auc+jwt")]
    [TestCase("client-authentication+jwt")]
    [Category("Check 43")]
    public Task Another_token_type_with_a_valid_signature_is_refused(string type) =>
        RequireRefused($"{Header(header => header["typ"] = type)}.{Token.Split('.')[1]}.{Token.Split('.')[2]}");

    [Test]
    [Category("Check 43")]
    public async Task Empty_and_zero_signatures_are_refused()
    {
        var signed = Token[..Token.LastIndexOf('.')];
        foreach (var signature in new[] { "", Base64UrlEncoder.Encode(new byte[64]), Token.Split('.')[2] + "AA", "AA" })
            await RequireRefused($"{signed}.{signature}");
    }

    private async Task RequireRefused(string forged)
    {
        using var introspection = await scim.Post(AuthServerPaths.Introspection, ("token", forged));
        Assert.That((int)introspection.StatusCode, Is.EqualTo(200));
        Assert.That(await introspection.Content.ReadAsStringAsync(), Is.EqualTo("{\"active\":false}").IgnoreWhiteSpace);

        using var exchange = await http.RequestToken(
            null, null,
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", forged), ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"));
        Assert.That((int)exchange.StatusCode, Is.InRange(400, 429));
        Assert.That(await exchange.Content.ReadAsStringAsync(), Does.Not.Contain("access_token\":"));
    }

    private string Header(Action<JsonObject> change)
    {
        var header = JsonNode.Parse(Base64UrlEncoder.Decode(Token.Split('.')[0]))!.AsObject();
        change(header);
        return Base64UrlEncoder.Encode(header.ToJsonString());
    }

    private static string Sign(ECDsa key, string signed) =>
        $"{signed}.{Base64UrlEncoder.Encode(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
}
