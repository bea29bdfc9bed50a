using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Tests.Management;
using Auth.Server.Tests.Pages;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;

namespace Auth.Server.Tests.Connect;

/// <summary>Which JWK sets (RFC 7517, RFC 7518 §6.2, RFC 8037) of clients are accepted.</summary>
[Category("AnyDatabase")]
public sealed class PublicKeysTests
{
    private const string PrimeInHex = "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF";
    private static readonly JsonObject good = NewKey();
    private static readonly string x = (string)good["x"]!;
    private static readonly string y = (string)good["y"]!;
    private static readonly string zero = Base64UrlEncoder.Encode(new byte[32]);

    /// <summary>Changes that make a valid key unusable, and the message that each causes.</summary>
    private static IEnumerable<TestCaseData> BadKeys()
    {
        (string Change, string Said)[] cases =
        [
            ("""{"kty":null}""", "has no \"kty\""), ("""{"kty":"ec"}""", "must be EC"),
            ("""{"kty":"RSA","n":"AQAB","e":"AQAB"}""", "must be EC"), ("""{"kty":"OKP","crv":"Ed25519"}""", "must be EC"),
            ("""{"kty":["EC"]}""", "not a string"), ("""{"crv":"P-384"}""", "must be P-256"),
            ("""{"crv":"secp256k1"}""", "must be P-256"), ("""{"crv":256}""", "not a string"),
            ("""{"x":""}""", "not 32 bytes"), ("""{"y":""}""", "not 32 bytes"),
            ("""{"x":12}""", "not a string"), ($$"""{"x":"{{x}}="}""", "without padding"),
            ($$"""{"x":" {{x}}"}""", "not 32 bytes"), ($$"""{"y":"{{y}}AA"}""", "not 32 bytes"),
            ($$"""{"y":"{{y[..^2]}}"}""", "not 32 bytes"), ($$"""{"x":"AAAA{{x}}"}""", "not 32 bytes"),
            ($$"""{"x":"{{x[..^1]}}{{SpareBitsOf(x)}}"}""", "not 32 bytes"), ($$"""{"y":"{{new string('*', 43)}}"}""", "not 32 bytes"),
            ($$"""{"x":"{{zero}}","y":"{{zero}}"}""", "not a point"), ($$"""{"x":"{{y}}","y":"{{x}}"}""", "not a point"),
            ($$"""{"y":"{{zero}}"}""", "not a point"),
            ($$"""{"x":"{{Base64UrlEncoder.Encode(Convert.FromHexString(PrimeInHex))}}"}""", "not a point"),
            ($$"""{"x":"{{Base64UrlEncoder.Encode(Enumerable.Repeat((byte)255, 32).ToArray())}}"}""", "not a point"),
            ("""{"d":"AA"}""", "private key"), ("""{"d":""}""", "private key"), ("""{"d":7}""", "private key"),
            ("""{"kty":"oct","k":"AA"}""", "private key"), ("""{"kty":"RSA","n":"AQAB","e":"AQAB","p":"AQ"}""", "private key"),
            ("""{"kty":"OKP","crv":"Ed25519","d":"AA"}""", "private key"), ("""{"use":"enc"}""", "not for signatures"),
            ("""{"use":""}""", "not for signatures"), ("""{"use":["sig"]}""", "not a string"),
            ("""{"alg":"ES384"}""", "must be ES256"), ("""{"alg":"ECDH-ES"}""", "must be ES256"),
            ("""{"alg":"none"}""", "must be ES256"), ("""{"alg":1}""", "not a string"),
            ("""{"key_ops":"verify"}""", "not an array"), ("""{"key_ops":[]}""", "lacks verify"),
            ("""{"key_ops":["sign"]}""", "lacks verify"), ("""{"key_ops":["deriveKey"]}""", "lacks verify"),
            ("""{"key_ops":["verify","verify"]}""", "twice"), ("""{"key_ops":["verify",1]}""", "array of strings"),
        ];
        return cases.Select(one => new TestCaseData(one.Change, one.Said));
    }

    [TestCaseSource(nameof(BadKeys))]
    public void An_unusable_key_is_refused_and_named(string change, string said)
    {
        var bad = NewKey();
        foreach (var (member, value) in JsonNode.Parse(change)!.AsObject())
            bad[member] = value?.DeepClone();
        bad["kid"] = "bad one";
        if (change.Contains("\"y\"", StringComparison.Ordinal) || change.Contains("\"x\"", StringComparison.Ordinal))
            (bad["x"], bad["y"]) =
                (JsonNode.Parse(change)!["x"]?.DeepClone() ?? x, JsonNode.Parse(change)!["y"]?.DeepClone() ?? y);

        var refusal = Refuse(SetOf(good, bad));

        Assert.That(refusal, Does.Contain("\"bad one\"").And.Contain(said));
    }

    [TestCase("kty")]
    [TestCase("crv")]
    [TestCase("x")]
    [TestCase("y")]
    public void A_key_without_a_required_member_is_refused_and_named(string member)
    {
        var bad = NewKey();
        bad.Remove(member);
        Assert.That(Refuse(SetOf(bad)), Does.Contain($"\"{bad["kid"]}\" has no \"{member}\""));
        bad.Remove("kid");
        Assert.That(Refuse(SetOf(good, bad)), Does.Contain($"number 2 has no \"{member}\""));
    }

    [TestCase("\"\"", "0 characters")]
    [TestCase("7", "not a string")]
    [TestCase("[]", "not a string")]
    [TestCase("\"a\\u0000b\"", "control characters")]
    [TestCase("\"a\\nb\"", "control characters")]
    [TestCase("LONG", "1 to 200")]
    public void An_invalid_key_id_is_refused(string kid, string said)
    {
        var key = NewKey();
        key["kid"] = JsonNode.Parse(kid == "LONG" ? $"\"{new string('a', 201)}\"" : kid);
        Assert.That(Refuse(SetOf(good, key)), Does.Contain("number 2").And.Contain(said));
    }

    private static IEnumerable<TestCaseData> BadTexts()
    {
        var key = good.ToJsonString();
        (string Text, string Said)[] cases =
        [
            ("", "not valid JSON"), ("nonsense", "not valid JSON, see line 1"), ("null", "not a JSON object"),
            ("[]", "not a JSON object"),
            ("\"keys\"", "not a JSON object"), ("{}", "\"keys\" is missing"), (key, "single key"),
            ($"[{key}]", "not a JSON object"),
            ("""{"keys":null}""", "not an array"), ($$"""{"keys":{{key}}}""", "not an array"), ("""{"keys":[]}""", "has no keys"),
            ("""{"keys":[null]}""", "number 1 is not a JSON object"), ("""{"keys":["a"]}""", "number 1 is not a JSON object"),
            ($$"""{"keys":[{{key}},]}""", "not valid JSON"), ($$"""{"keys":[{{key}}]} x""", "not valid JSON"),
            ("{\"keys\":[\n// mine\n" + key + "]}", "see line 2"), ($$"""{"keys":[{{key}}],"keys":[]}""", "not valid JSON"),
            ($$"""{"keys":[{{key[..^1]}},"kty":"EC"}]}""", "not valid JSON"), ($$"""{"KEYS":[{{key}}]}""", "\"keys\" is missing"),
            ($$"""{"keys":[{{key[..^1]}},"x-note":"\ud800"}]}""", "not valid Unicode"),
            ($$"""{"keys":[{{key}}],"note":"{{new string('a', 64 * 1024)}}"}""", "more than 64 kilobytes"),
            ($$"""{"keys":[{{key}}],"deep":{{new string('[', 100)}}{{new string(']', 100)}}}""", "not valid JSON"),
            ($$"""{"keys":[{{key}},{{key}}]}""", "Two keys have the key id"),
            (SetOf([.. Enumerable.Range(0, 21).Select(_ => NewKey())]), "21 keys"),
        ];
        return cases.Select(
            (one, place) => new TestCaseData(one.Text, one.Said).SetArgDisplayNames($"{place}", one.Said));
    }

    [TestCaseSource(nameof(BadTexts))]
    public void A_text_that_is_not_a_JWK_set_is_refused_with_the_reason(string text, string said) =>
        Assert.That(Refuse(text), Does.Contain(said));

    [TestCase("{}")]
    [TestCase("""{"use":"sig"}""")]
    [TestCase("""{"alg":"ES256","use":"sig","key_ops":["verify"]}""")]
    [TestCase("""{"key_ops":["sign","verify"]}""")]
    [TestCase("""{"d":null,"use":null,"alg":null,"key_ops":null}""", Description = "Serializers write null for missing values.")]
    [TestCase("""{"kid":"https://idp.example/ключ#1"}""")]
    [TestCase("""{"ext":true,"iat":1,"x5t":"AA","x5c":[],"unknown":{"d":"AA"}}""")]
    public void A_key_with_compatible_members_is_accepted_and_others_are_not_stored(string more)
    {
        var key = NewKey();
        foreach (var (member, value) in JsonNode.Parse(more)!.AsObject())
            key[member] = value?.DeepClone();
        var read = PublicKeys.Read("\uFEFF" + SetOf(key)).Keys.Single();
        Assert.That(
            (read.X, read.Y, read.Kid), Is.EqualTo(((string)key["x"]!, (string)key["y"]!, (string)key["kid"]!)));
        Assert.That(read.HasPrivateKey, Is.False);
        Assert.That(read.AdditionalData, Is.Empty);
    }

    [Test]
    public void Keys_without_a_key_id_are_named_by_their_thumbprint()
    {
        JsonObject[] keys = [NewKey(), NewKey()];
        foreach (var key in keys)
            key.Remove("kid");
        var read = PublicKeys.Read(SetOf(keys));
        Assert.That(PublicKeys.NamesOf(read), Does.Match("^[A-Za-z0-9_-]{43}, [A-Za-z0-9_-]{43}$"));
        Assert.That(
            PublicKeys.Read(SetOf([.. Enumerable.Range(0, 20).Select(_ => NewKey())])).Keys, Has.Count.EqualTo(20));
    }

    /// <summary>An invalid set is refused with 400 wherever it is sent, and replaces nothing.</summary>
    [Test]
    public async Task API_portal_and_commands_refuse_an_invalid_key_set_and_keep_the_current_credentials()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        await server.CreateAdministrator(account);
        using var api = await ManagementCaller.Register(server, account);
        using var browser = await Browser.SignedIn(server);
        var active = (await server.Generate(account)).Set.Id;
        var offCurve = NewKey();
        (offCurve["x"], offCurve["y"], offCurve["kid"]) = (zero, zero, "bad one");
        var enc = NewKey();
        (enc["use"], enc["kid"]) = ("enc", "bad one");

        foreach (var bad in new[] { SetOf(offCurve), SetOf(enc) })
        {
            using var answer = await api.Post(
                ManagementCaller.SetsOf(account),
                $$"""{"method":"oauth2","replaces":"{{active}}","jwks":{{bad}}}""",
                $"{Guid.NewGuid()}");
            Assert.That((int)answer.StatusCode, Is.EqualTo(400));
            Assert.That(await answer.Content.ReadAsStringAsync(), Does.Contain("bad one"));

            var form = await browser.Open("/scim-credentials/generate");
            var page = await browser.Submit(form, "Generate Credentials", ("Method", "oauth2"), ("Jwks", bad));
            Assert.That(page.Text, Does.Contain("bad one"));
            var clients = await browser.Submit(
                await browser.Open("/settings/management-clients"), "Add client", ("name", "bot"), ("jwks", bad));
            Assert.That(clients.Text, Does.Contain("bad one"));

            await File.WriteAllTextAsync(Path.Combine(server.DataDirectory, "bad.jwks"), bad);
            foreach (var command in new[]
            {
                $"credentials generate --account {account.Id} --method oauth2 --jwks bad.jwks",
                $"credentials stage --account {account.Id} --method oauth2 --jwks bad.jwks",
                "resource-servers add --jwks bad.jwks", "management-clients add --name bot --jwks bad.jwks",
            })
            {
                var (exitCode, _, error) = await CommandsTests.Run(server, command.Split(' '));
                Assert.That((exitCode, error.Contains("bad one")), Is.EqualTo((1, true)), $"{command}: {error}");
            }
        }

        Assert.That((await server.FindActive(account))!.Id, Is.EqualTo(active));
        Assert.That(await server.WithDatabase(db => db.CredentialSets.CountAsync()), Is.EqualTo(1));
        Assert.That(
            await server.WithDatabase(db => db.Clients.CountAsync()), Is.EqualTo(2), "the set's and the caller");
    }

    [TestCase(new byte[] { 0xFF })]
    [TestCase(new byte[] { 0xC3, 0x28 })]
    [TestCase(new byte[] { 0xED, 0xA0, 0x80 })]
    [TestCase(new byte[] { 0xC0, 0x80 })]
    public async Task Bytes_that_are_not_UTF_8_are_refused_in_bodies_and_files(byte[] wrong)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        using var api = await ManagementCaller.Register(server, account);
        byte[] jwks = [.. "{\"keys\":[{\"kty\":\"EC\",\"kid\":\""u8, .. wrong, .. "\"}]}"u8];
        foreach (var body in new byte[][]
        {
            [.. "{\"method\":\"oauth2\",\"jwks\":"u8, .. jwks, .. "}"u8],
            [.. "{\"method\":\""u8, .. wrong, .. "\"}"u8],
            [.. "{\"method\":\"oauth2\",\""u8, .. wrong, .. "\":1}"u8],
        })
        {
            using var answer = await api.PostBytes(ManagementCaller.SetsOf(account), body, $"{Guid.NewGuid()}");
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        }

        await File.WriteAllBytesAsync(Path.Combine(server.DataDirectory, "wrong.jwks"), jwks);
        var (exitCode, _, error) = await CommandsTests.Run(
            server, "credentials", "generate", "--account", $"{account.Id}", "--method", "oauth2", "--jwks",
            "wrong.jwks");
        Assert.That((exitCode, error.Trim()), Is.EqualTo((1, "The file is not valid UTF-8.")));
    }

    internal static JsonObject NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return new()
        {
            ["kty"] = "EC",
            ["crv"] = "P-256",
            ["x"] = Base64UrlEncoder.Encode(point.X),
            ["y"] = Base64UrlEncoder.Encode(point.Y),
            ["kid"] = $"{Guid.NewGuid():N}",
        };
    }

    internal static string SetOf(params JsonObject[] keys) =>
        new JsonObject { ["keys"] = new JsonArray([.. keys.Select(key => key.DeepClone())]) }.ToJsonString();

    private static string Refuse(string jwks)
    {
        var problem = Assert.Throws<ProblemException>(() => PublicKeys.Read(jwks))!;
        Assert.That(problem.Status, Is.EqualTo(400));
        return problem.Message;
    }

    /// <summary>The last character of 32 bytes in base64url has two unused bits.</summary>
    private static char SpareBitsOf(string text)
    {
        const string Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        return Alphabet[Alphabet.IndexOf(text[^1], StringComparison.Ordinal) + 1];
    }
}
