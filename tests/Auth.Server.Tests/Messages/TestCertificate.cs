using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Auth.Server.Tests.Messages;

/// <summary>A self-signed certificate of this machine, which nobody trusts.</summary>
internal static class TestCertificate
{
    public static X509Certificate2 Create()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = DateTimeOffset.UtcNow;
        return new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
