using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Auth.Server.Audit;
using Microsoft.IdentityModel.Tokens;

namespace Auth.Server.Connect;

/// <summary>
/// Reads the public keys with which a client authenticates (<c>private_key_jwt</c>, RFC 7523 §2.2). The API, the portal
/// and the commands all use this one reader of JWK sets, so they accept the same.
/// </summary>
internal static class PublicKeys
{
    /// <summary>The maximum number of keys in a set; a rotation needs two.</summary>
    public const int MostKeys = 20;

    /// <summary>The maximum length of a key id, in characters.</summary>
    public const int LongestKeyId = 200;

    private const string Curve = JsonWebKeyECTypes.P256;
    private const int CoordinateBytes = 32;
    private const int LongestText = 64 * 1024;

    // RFC 7518 §6.2.2, §6.3.2 and §6.4.1, and RFC 8037 §2.
    private static readonly string[] privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

    private static readonly JsonDocumentOptions json = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>
    /// Reads a JWK set (RFC 7517 §5) of public P-256 keys. Keeps only what is needed to verify signatures.
    /// </summary>
    /// <exception cref="ProblemException">
    /// The text is not such a set, or one of its keys cannot be used (400, with the key's name).
    /// </exception>
    public static JsonWebKeySet Read(string jwks)
    {
        using var document = Parse(jwks.TrimStart('\uFEFF'));
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw NotASet("it is not a JSON object");
        if (!root.TryGetProperty("keys", out var keys))
        {
            throw NotASet(root.TryGetProperty("kty", out _)
                ? "it is a single key; write {\"keys\":[...]} around it"
                : "it has no keys, as \"keys\" is missing");
        }
        if (keys.ValueKind != JsonValueKind.Array)
            throw NotASet("\"keys\" is not an array");
        if (keys.GetArrayLength() is 0)
            throw ProblemException.Invalid("The JWK set has no keys.");
        if (keys.GetArrayLength() is > MostKeys and var count)
            throw ProblemException.Invalid($"The JWK set has {count} keys; it may have at most {MostKeys}.");

        var set = new JsonWebKeySet();
        foreach (var (place, key) in keys.EnumerateArray().Index())
            set.Keys.Add(new Reader(key, place + 1).Read());
        var sameIds = set.Keys.Where(key => key.Kid is not null).GroupBy(key => key.Kid);
        if (sameIds.FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw ProblemException.Invalid($"Two keys have the key id \"{twice.Key}\" (RFC 7517 §4.5).");
        return set;
    }

    /// <summary>The names of the keys in a set, in order, for people to read.</summary>
    public static string NamesOf(JsonWebKeySet keys) => string.Join(", ", keys.Keys.Select(NameOf));

    /// <summary>The key id, or the thumbprint (RFC 7638) of a key without one.</summary>
    private static string NameOf(JsonWebKey key) => key.Kid ?? Base64UrlEncoder.Encode(key.ComputeJwkThumbprint());

    private static JsonDocument Parse(string jwks)
    {
        if (jwks.Length > LongestText)
            throw NotASet($"it has more than {LongestText / 1024} kilobytes");
        try
        {
            var document = JsonDocument.Parse(jwks, json);
            // JsonDocument decodes strings lazily, so an unpaired surrogate would only be noticed later.
            Decode(document.RootElement);
            return document;
        }
        catch (JsonException error)
        {
            throw NotASet(error.LineNumber is { } line
                ? $"it is not valid JSON, see line {line + 1}"
                : "it is not valid JSON, or has a duplicate member");
        }
        catch (Exception error) when (error is InvalidOperationException or ArgumentException)
        {
            throw NotASet("it is not valid Unicode text");
        }
    }

    private static void Decode(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                    Decode(item);
                break;
            case JsonValueKind.Object:
                foreach (var member in element.EnumerateObject())
                    Decode(member.Value);
                break;
            default:
                break;
        }
    }

    private static ProblemException NotASet(string why) => ProblemException.Invalid(
        $"This is not a JWK set (RFC 7517 §5), a JSON object with an array \"keys\": {why}.");

    /// <summary>Reads one key of a set.</summary>
    private sealed class Reader(JsonElement key, int place)
    {
        private string name = $"number {place}";

        public JsonWebKey Read()
        {
            if (key.ValueKind != JsonValueKind.Object)
                throw Fault("is not a JSON object");
            var id = KeyId();
            name = id is null ? name : $"\"{id}\"";
            if (privateMembers.FirstOrDefault(member => Find(member) is not null) is { } secret)
            {
                throw Fault(
                    $"is a private key or a shared secret (it has \"{secret}\"), which must never leave the client. "
                    + "It was not stored, but anyone who has seen it can use it: create a new P-256 key pair and send "
                    + "only its public key");
            }
            Require("kty", JsonWebAlgorithmsKeyTypes.EllipticCurve);
            Require("crv", Curve);
            CheckPurpose();
            var (x, y) = (Coordinate("x"), Coordinate("y"));
            CheckPoint(x, y);
            return new()
            {
                Kty = JsonWebAlgorithmsKeyTypes.EllipticCurve,
                Crv = Curve,
                X = Base64Url.EncodeToString(x),
                Y = Base64Url.EncodeToString(y),
                Kid = id,
                Use = JsonWebKeyUseNames.Sig,
                Alg = SecurityAlgorithms.EcdsaSha256,
            };
        }

        /// <summary>Optional (RFC 7517 §4.5). It is shown to people, so it must be readable.</summary>
        private string? KeyId()
        {
            if (Text("kid") is not { } id)
                return null;
            if (id.Length is 0 or > LongestKeyId)
                throw Fault($"has a key id (kid) of {id.Length} characters; it may have 1 to {LongestKeyId}");
            if (id.EnumerateRunes().Any(rune => Rune.IsControl(rune)) || Printable.Of(id, LongestKeyId) != id)
                throw Fault("has control characters in its key id (kid)");
            return id;
        }

        private void Require(string member, string expected)
        {
            var value = Text(member) ?? throw Fault($"has no \"{member}\"");
            if (value != expected)
            {
                throw Fault(
                    $"is not a P-256 key for ES256, the only supported algorithm: \"{member}\" must be {expected}, "
                    + $"not \"{Printable.Of(value, 30)}\"");
            }
        }

        /// <summary>
        /// RFC 7517 §4.2 to §4.4: these members are optional, but must not give the key another purpose.
        /// </summary>
        private void CheckPurpose()
        {
            if (Text("use") is { } use && use != JsonWebKeyUseNames.Sig)
                throw Fault($"is not for signatures: \"use\" must be sig, not \"{Printable.Of(use, 30)}\"");
            if (Text("alg") is { } algorithm && algorithm != SecurityAlgorithms.EcdsaSha256)
                throw Fault($"is for another algorithm: \"alg\" must be ES256, not \"{Printable.Of(algorithm, 30)}\"");
            if (Find("key_ops") is not { } operations)
                return;
            if (operations.ValueKind != JsonValueKind.Array
                || operations.EnumerateArray().Any(one => one.ValueKind != JsonValueKind.String))
                throw Fault("has a \"key_ops\" that is not an array of strings");
            var allowed = operations.EnumerateArray().Select(one => one.GetString()!).ToList();
            if (allowed.Distinct(StringComparer.Ordinal).Count() < allowed.Count)
                throw Fault("names an operation twice in \"key_ops\"");
            if (!allowed.Contains("verify"))
                throw Fault("is not for verifying signatures: \"key_ops\" lacks verify");
        }

        /// <summary>RFC 7518 §6.2.1.2: all 32 bytes, in base64url without padding (RFC 7515 §2).</summary>
        private byte[] Coordinate(string member)
        {
            var text = Text(member) ?? throw Fault($"has no \"{member}\"");
            // Decoding alone would accept padding, white space and unused bits.
            if (!Base64Url.IsValid(text, out var length) || length != CoordinateBytes
                || Base64Url.DecodeFromChars(text) is var bytes && Base64Url.EncodeToString(bytes) != text)
            {
                throw Fault($"has an \"{member}\" that is not {CoordinateBytes} bytes in base64url without padding");
            }
            return bytes;
        }

        private void CheckPoint(byte[] x, byte[] y)
        {
            try
            {
                using var imported = ECDsa.Create(new ECParameters
                {
                    Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = x, Y = y },
                });
            }
            catch (CryptographicException)
            {
                throw Fault("is not a point on the curve P-256");
            }
        }

        private string? Text(string member) => Find(member) is not { } value ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString()
            : throw Fault($"has a \"{member}\" that is not a string");

        /// <summary>Finds a member; null counts as missing, as serializers write it for missing values.</summary>
        private JsonElement? Find(string member) =>
            key.TryGetProperty(member, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;

        private ProblemException Fault(string what) => ProblemException.Invalid($"The key {name} {what}.");
    }
}
