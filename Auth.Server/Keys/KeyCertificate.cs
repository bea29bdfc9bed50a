using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Auth.Server.Keys;

/// <summary>
/// The certificate that encrypts Data Protection's key ring in the database. It lies beside the database, not in it: a
/// stolen backup opens nothing.
/// </summary>
internal static class KeyCertificate
{
    /// <summary>Opens the PFX file; on first use, makes it (RSA 3072, self-signed, readable by its owner only).</summary>
    public static X509Certificate2 OpenOrCreate(string file)
    {
        if (!File.Exists(file))
            Create(file);
        PrivateFile.Require(file);
        return X509CertificateLoader.LoadPkcs12FromFile(file, password: null);
    }

    private static void Create(string file)
    {
        using var key = RSA.Create(3072);
        var request = new CertificateRequest(
            "CN=Auth.Server key ring", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(100));

        // Written whole under another name first: a file that a crash cut short would lock the keys away.
        var unfinished = $"{file}.{Guid.NewGuid():N}";
        using (var stream = new FileStream(unfinished, PrivateFile.NewFile()))
            stream.Write(certificate.Export(X509ContentType.Pfx));
        File.Move(unfinished, file, overwrite: false);
    }
}
