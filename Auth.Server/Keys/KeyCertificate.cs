using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Shared.Hosting;

namespace Auth.Server.Keys;

/// <summary>
/// The certificate that encrypts the Data Protection key ring in the database. It is stored outside the database, so
/// that nobody can decrypt anything with a stolen backup.
/// </summary>
internal static class KeyCertificate
{
    /// <summary>
    /// Opens the PFX file; on first use, creates it (RSA 3072, self-signed, readable only by its owner).
    /// </summary>
    /// <param name="file">The PFX file.</param>
    /// <param name="databaseHasKeys">
    /// Whether the database already has encrypted keys, which a new certificate could not decrypt.
    /// </param>
    /// <exception cref="OperatorException">
    /// The file cannot be used, or is missing although the database has keys.
    /// </exception>
    public static X509Certificate2 OpenOrCreate(string file, Func<bool>? databaseHasKeys = null)
    {
        if (!File.Exists(file))
        {
            if (databaseHasKeys?.Invoke() == true)
                throw new OperatorException(
                    $"The key certificate {file} does not exist, but the database has keys encrypted with one. Copy it "
                    + "from another node or from your backup; Auth:KeyCertificate is its path.");
            Create(file);
        }
        PrivateFile.Require(file);
        return Open(file);
    }

    /// <summary>From when and until when the certificate in a PFX file is valid, UTC.</summary>
    public static (DateTime From, DateTime Until) ValidityOf(string file)
    {
        using var certificate = Open(file);
        return (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
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

        // Written completely under another name first: if a crash truncated the file, the keys would be lost.
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
