using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Shared.Hosting;

namespace Auth.Server.Keys;

/// <summary>
/// The certificate that encrypts Data Protection's key ring in the database. It lies beside the database, not in it: a
/// stolen backup opens nothing.
/// </summary>
internal static class KeyCertificate
{
    /// <summary>
    /// Opens the PFX file; on first use, makes it (RSA 3072, self-signed, readable by its owner only).
    /// </summary>
    /// <param name="file">The PFX file.</param>
    /// <param name="databaseHasKeys">
    /// Whether keys in the database were encrypted before, so that a new certificate would be of no use.
    /// </param>
    /// <exception cref="OperatorException">The file cannot be used, or is missing although the database has
    /// keys.</exception>
    public static X509Certificate2 OpenOrCreate(string file, Func<bool>? databaseHasKeys = null)
    {
        if (!File.Exists(file))
        {
            if (databaseHasKeys?.Invoke() == true)
                throw new OperatorException(
                    $"The key certificate {file} does not exist, but the database has keys that one encrypts. Copy it "
                    + "from another node or from your backup; Auth:KeyCertificate says where it is.");
            Create(file);
        }
        PrivateFile.Require(file);
        return Open(file);
    }

    private static X509Certificate2 Open(string file)
    {
        X509Certificate2 certificate;
        try
        {
            certificate = X509CertificateLoader.LoadPkcs12FromFile(file, password: null);
        }
        catch (CryptographicException error)
        {
            throw new OperatorException(
                $"The key certificate {file} cannot be read. It must be a PFX file without a password. {error.Message}",
                error);
        }
        using var key = certificate.GetRSAPrivateKey();
        if (key is not null)
            return certificate;
        certificate.Dispose();
        throw new OperatorException($"The key certificate {file} has no RSA private key.");
    }

    private static void Create(string file)
    {
        using var key = RSA.Create(3072);
        var request = new CertificateRequest(
            "CN=Auth.Server key ring", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(100));

        // Written whole under another name first: a file that a crash cut short would lock the keys away.
        var unfinished = $"{file}.{Guid.NewGuid():N}";
        using (var stream = PrivateFile.Create(unfinished))
            stream.Write(certificate.Export(X509ContentType.Pfx));
        try
        {
            File.Move(unfinished, file, overwrite: false);
        }
        catch (IOException) when (File.Exists(file))
        {
            // Another node was faster.
            File.Delete(unfinished);
        }
    }
}
