using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using Shared.Hosting;

namespace Scim.Api.AuthServer;

/// <summary>
/// The EC P-256 key with which this server authenticates to Auth.Server (<c>private_key_jwt</c>). It never leaves its
/// file; Auth.Server is given <see cref="PublicJwks"/>.
/// </summary>
internal sealed class ClientKey : IDisposable
{
    private readonly ECDsa key;

    public ClientKey(IOptions<AuthServerOptions> options)
        : this(Read(options.Value.ClientKeyFile))
    {
    }

    private ClientKey(ECDsa key)
    {
        this.key = key;
        // The library's process-wide cache of signers would outlive the key.
        var security = new ECDsaSecurityKey(key) { CryptoProviderFactory = new() { CacheSignatureProviders = false } };
        // The key id is the thumbprint (RFC 7638), so it does not have to be stored.
        security.KeyId = Base64UrlEncoder.Encode(security.ComputeJwkThumbprint());
        SigningCredentials = new(security, SecurityAlgorithms.EcdsaSha256);
    }

    public SigningCredentials SigningCredentials { get; }

    /// <summary>Opens the key; creates its file first, readable by its owner only, if it does not exist.</summary>
    public static ClientKey OpenOrCreate(string path)
    {
        try
        {
            if (!File.Exists(path))
                Create(path);
        }
        catch (Exception unwritable) when (unwritable is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException(
                $"AuthServer__ClientKeyFile {path} cannot be written: its folder must exist and be writable.");
        }
        return Fault(path) is { } fault ? throw new OperatorException(fault) : new(Read(path));
    }

    /// <summary>Why the file cannot be used, as a sentence; null if it can.</summary>
    public static string? Fault(string path)
    {
        try
        {
            using var key = Read(path);
            return PrivateFile.Fault(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return $"AuthServer__ClientKeyFile {path} cannot be read; \"Scim.Api client-key create\" creates it.";
        }
        catch (Exception malformed) when (malformed is ArgumentException or CryptographicException)
        {
            return $"AuthServer__ClientKeyFile {path} must contain one unencrypted EC P-256 private key as PEM.";
        }
    }

    /// <summary>The public key as a JWK set (RFC 7517 §5).</summary>
    public string PublicJwks()
    {
        var point = key.ExportParameters(includePrivateParameters: false).Q;
        var jwk = new
        {
            kty = "EC",
            crv = "P-256",
            x = Base64UrlEncoder.Encode(point.X),
            y = Base64UrlEncoder.Encode(point.Y),
            kid = SigningCredentials.Key.KeyId,
            use = "sig",
            alg = SecurityAlgorithms.EcdsaSha256,
        };
        return JsonSerializer.Serialize(new { keys = new[] { jwk } });
    }

    public void Dispose() => key.Dispose();

    private static void Create(string path)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // The file appears complete or not at all, and never replaces another.
        var temporary = $"{path}.{Guid.NewGuid():N}";
        using (var file = new StreamWriter(PrivateFile.Create(temporary)))
            file.WriteLine(key.ExportPkcs8PrivateKeyPem());
        try
        {
            File.Move(temporary, path, overwrite: false);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    private static ECDsa Read(string path)
    {
        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(File.ReadAllText(path));
            // Compares the curve's OID (secp256r1). Exporting private parameters fails for a public key.
            var curve = key.ExportParameters(includePrivateParameters: true).Curve;
            if (curve.Oid.Value != ECCurve.NamedCurves.nistP256.Oid.Value)
                throw new CryptographicException("The key is on another curve.");
            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
