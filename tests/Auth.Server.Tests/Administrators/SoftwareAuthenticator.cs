using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Auth.Server.Tests.Administrators;

/// <summary>
/// Simulates a device with one passkey and its browser (W3C WebAuthn §5.8 and §6). A test can change what an attacker
/// would change.
/// </summary>
internal sealed class SoftwareAuthenticator : IDisposable
{
    private const byte UserPresent = 0x01;
    private const byte UserVerified = 0x04;
    private const byte AttestedCredential = 0x40;

    private readonly ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public byte[] CredentialId { get; init; } = RandomNumberGenerator.GetBytes(16);

    public string Origin { get; set; } = "http://localhost:5001";

    public string? RpId { get; set; }

    public bool VerifiesUser { get; set; } = true;

    public bool CrossOrigin { get; set; }

    /// <summary>The signature counter; 0 for synced passkeys, which have none.</summary>
    public uint Counter { get; set; }

    /// <summary>The user handle, which is the id of the user; null to send none.</summary>
    public string? UserHandle { get; set; }

    /// <summary><c>navigator.credentials.create()</c>.</summary>
    public string Create(string options)
    {
        var request = JsonNode.Parse(options)!;
        UserHandle = (string)request["user"]!["id"]!;
        byte[] data =
        [
            .. AuthenticatorData((string)request["rp"]!["id"]!, AttestedCredential),
            .. new byte[16], 0, (byte)CredentialId.Length, .. CredentialId, .. PublicKey(),
        ];
        byte[] attestation =
        [
            0xa3, 0x63, .. "fmt"u8, 0x64, .. "none"u8, 0x67, .. "attStmt"u8, 0xa0,
            0x68, .. "authData"u8, 0x58, (byte)data.Length, .. data,
        ];
        return Answer(new()
        {
            ["clientDataJSON"] = Encode(ClientData("webauthn.create", request)),
            ["attestationObject"] = Encode(attestation),
            ["transports"] = new JsonArray("internal"),
        });
    }

    /// <summary><c>navigator.credentials.get()</c>.</summary>
    public string Get(string options)
    {
        var request = JsonNode.Parse(options)!;
        var data = AuthenticatorData((string)request["rpId"]!, 0);
        var client = ClientData("webauthn.get", request);
        return Answer(new()
        {
            ["clientDataJSON"] = Encode(client),
            ["authenticatorData"] = Encode(data),
            ["signature"] = Encode(key.SignData(
                [.. data, .. SHA256.HashData(client)], HashAlgorithmName.SHA256,
                DSASignatureFormat.Rfc3279DerSequence)),
            ["userHandle"] = UserHandle,
        });
    }

    public void Dispose() => key.Dispose();

    private byte[] AuthenticatorData(string rpId, byte flags)
    {
        var counter = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(counter, Counter);
        flags |= (byte)(UserPresent | (VerifiesUser ? UserVerified : 0));
        return [.. SHA256.HashData(Encoding.UTF8.GetBytes(RpId ?? rpId)), flags, .. counter];
    }

    private byte[] ClientData(string type, JsonNode request) => JsonSerializer.SerializeToUtf8Bytes(new JsonObject
    {
        ["type"] = type,
        ["challenge"] = (string)request["challenge"]!,
        ["origin"] = Origin,
        ["crossOrigin"] = CrossOrigin,
    });

    // COSE (RFC 9053 §7.1): an EC2 key of P-256 for ES256.
    private byte[] PublicKey()
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        return [0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32, .. point.X!, 0x22, 0x58, 32, .. point.Y!];
    }

    private string Answer(JsonObject response) => new JsonObject
    {
        ["id"] = Encode(CredentialId),
        ["rawId"] = Encode(CredentialId),
        ["type"] = "public-key",
        ["clientExtensionResults"] = new JsonObject(),
        ["response"] = response,
    }.ToJsonString();

    private static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
