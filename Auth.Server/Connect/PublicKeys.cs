using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Auth.Server.Connect;

/// <summary>The public halves of the keys with which a client proves itself (<c>private_key_jwt</c>, RFC 7523 §2.2).</summary>
internal static class PublicKeys
{
    /// <summary>Reads a JWK set (RFC 7517 §5) of public P-256 keys.</summary>
    /// <exception cref="ProblemException">It is none (400).</exception>
    public static JsonWebKeySet Read(string jwks)
    {
        JsonWebKeySet keys;
        try
        {
            keys = JsonWebKeySet.Create(jwks);
        }
        catch (Exception error) when (error is ArgumentException or JsonException)
        {
            throw ProblemException.Invalid("The file is no JWK set (RFC 7517 §5): a JSON object with an array \"keys\".");
        }

        if (keys.Keys.Count == 0)
            throw ProblemException.Invalid("The JWK set has no keys.");
        if (keys.Keys.FirstOrDefault(key => key.Kty != "EC" || key.Crv != "P-256") is { } other)
            throw ProblemException.Invalid($"The key {other.Kid} is no P-256 key; ES256 is the one algorithm here.");
        if (keys.Keys.FirstOrDefault(key => key.HasPrivateKey) is { } secret)
            throw ProblemException.Invalid($"The key {secret.Kid} is a private key. Give the public half, without \"d\".");
        return keys;
    }
}
