using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Scim.Api.Tests.Admission;

/// <summary>Introspection would call each of these tokens active, but none may be introspected.</summary>
[Parallelizable]
[Category("AnyDatabase")]
public sealed class ForgedTokenTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() =>
        server = await ScimServer.Start(["Introspection:KeyFetchInterval=00:10:00"], Probe.Map);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [SetUp]
    public async Task Learn_the_keys()
    {
        using var client = server.ClientOf(new TestAccount());
        Assert.That((await client.GetAsync("probe")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    [Category("Check 46")]
    public Task Another_audience_is_refused() => IsRefused(token => token.Audience = Audiences.Management);

    [Test]
    public Task No_audience_is_refused() => IsRefused(token => token.Audience = null);

    [Test]
    public Task Another_issuer_is_refused() => IsRefused(token => token.Issuer = "https://issuer.example");

    [Test]
    public Task No_issuer_is_refused() => IsRefused(token => token.Issuer = null);

    [TestCase("JWT")]
    [TestCase("oi_auc+jwt")]
    [TestCase("client-authentication+jwt")]
    [Category("Check 43")]
    public Task Another_type_is_refused(string type) => IsRefused(token => token.TokenType = type);

    [Test]
    public Task Another_key_under_the_same_id_is_refused() => IsRefused(token =>
        token.SigningCredentials = new(
            TestAuthServer.NewKey(server.AuthServer.Key.KeyId), SecurityAlgorithms.EcdsaSha256));

    [Test]
    public Task Another_key_is_refused() => IsRefused(token =>
        token.SigningCredentials = new(
            TestAuthServer.NewKey("unknown"), SecurityAlgorithms.EcdsaSha256));

    [TestCase("none")]
    [TestCase("None")]
    [TestCase("")]
    [Category("Check 43")]
    public Task No_signature_is_refused(string algorithm) =>
        IsRefused(Forge(Header(algorithm), _ => []));

    [Test]
    [Category("Check 43")]
    public Task An_HMAC_with_the_public_key_is_refused()
    {
        var key = Encoding.ASCII.GetBytes(server.AuthServer.Key.ECDsa.ExportSubjectPublicKeyInfoPem());
        return IsRefused(Forge(Header("HS256"), signed => HMACSHA256.HashData(key, signed)));
    }

    [Test]
    [Category("Check 43")]
    public Task A_changed_payload_is_refused()
    {
        var parts = Issue().Split('.');
        parts[1] = Base64UrlEncoder.Encode(JsonSerializer.Serialize(Claims()));
        return IsRefused(string.Join('.', parts));
    }

    [TestCase("jku")]
    [TestCase("x5u")]
    [Description("RFC 8725 §3.10: addresses in a token are not followed")]
    [Category("Check 43")]
    public async Task A_key_at_an_address_in_the_token_is_not_fetched(string header)
    {
        const string elsewhere = "elsewhere/keys";
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var forged = Forge(
            new { alg = "ES256", typ = "at+jwt", kid = "own" },
            signed => own.SignData(signed, HashAlgorithmName.SHA256),
            (header, $"{server.AuthServer.Url}/{elsewhere}"));
        await IsRefused(forged);
        Assert.That(server.AuthServer.Calls(elsewhere), Is.Zero);
    }

    [Test]
    [Category("Check 43")]
    public Task A_key_in_the_token_is_not_used()
    {
        var own = TestAuthServer.NewKey(server.AuthServer.Key.KeyId);
        var jwk = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(own);
        return IsRefused(token =>
        {
            token.SigningCredentials = new(own, SecurityAlgorithms.EcdsaSha256);
            token.AdditionalHeaderClaims = new Dictionary<string, object>
            {
                ["jwk"] = new Dictionary<string, object>
                {
                    ["kty"] = "EC",
                    ["crv"] = "P-256",
                    ["x"] = jwk.X,
                    ["y"] = jwk.Y,
                },
            };
        });
    }

    private Task IsRefused(Action<SecurityTokenDescriptor> change) => IsRefused(Issue(change));

    private string Issue(Action<SecurityTokenDescriptor>? change = null)
    {
        var account = new TestAccount();
        return server.AuthServer.IssueToken(() => account.Answer(), change);
    }

    private async Task IsRefused(string token)
    {
        var asked = server.AuthServer.Calls(AuthServerPaths.Introspection);
        server.AuthServer.Tell(token, () => new TestAccount().Answer());
        using var client = server.ClientWith("Bearer " + token);
        using var response = await client.GetAsync("/scim/v2/probe");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
            Assert.That((await SentError.Of(response)).Detail, Does.Contain("not issued by SciLeads"));
            Assert.That(server.AuthServer.Calls(AuthServerPaths.Introspection), Is.EqualTo(asked), "introspections");
        }
    }

    private object Header(string algorithm) =>
        new { alg = algorithm, typ = "at+jwt", kid = server.AuthServer.Key.KeyId };

    private object Claims() =>
        new { iss = server.AuthServer.Url, aud = Audiences.Scim, sub = "somebody", exp = 4102444800 };

    private string Forge(object header, Func<byte[], byte[]> sign, params (string Name, string Value)[] more)
    {
        var head = JsonSerializer.SerializeToNode(header)!.AsObject();
        foreach (var (name, value) in more)
            head[name] = value;
        var payload = JsonSerializer.Serialize(Claims());
        var signed = $"{Base64UrlEncoder.Encode(head.ToJsonString())}.{Base64UrlEncoder.Encode(payload)}";
        return $"{signed}.{Base64UrlEncoder.Encode(sign(Encoding.ASCII.GetBytes(signed)))}";
    }
}
