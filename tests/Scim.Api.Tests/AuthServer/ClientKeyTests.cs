using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.IdentityModel.Tokens;
using Scim.Api.AuthServer;

namespace Scim.Api.Tests.AuthServer;

[Parallelizable]
public sealed class ClientKeyTests
{
    private string folder = null!;

    private string Path => System.IO.Path.Combine(folder, "key.pem");

    [SetUp]
    public void Create_the_folder() => folder = Directory.CreateTempSubdirectory("scim-key-").FullName;

    [TearDown]
    public void Delete_the_folder() => Directory.Delete(folder, recursive: true);

    [Test]
    [Platform(Exclude = "Win")]
    public void Only_its_owner_can_read_the_file()
    {
        ClientKey.OpenOrCreate(Path).Dispose();
        var mode = OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(Path);
        Assert.That(mode, Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(Directory.GetFiles(folder), Is.EqualTo(new[] { Path }));
    }

    [Test]
    public void An_existing_key_is_kept()
    {
        using var first = ClientKey.OpenOrCreate(Path);
        using var second = ClientKey.OpenOrCreate(Path);
        Assert.That(second.PublicJwks(), Is.EqualTo(first.PublicJwks()));
    }

    [Test(Description = "RFC 7638: the key id is the thumbprint")]
    public void The_public_JWK_set_contains_only_the_public_key()
    {
        using var key = ClientKey.OpenOrCreate(Path);
        var jwk = JsonDocument.Parse(key.PublicJwks()).RootElement.GetProperty("keys")[0];
        var names = jwk.EnumerateObject().Select(member => member.Name);
        var (x, y) = (jwk.GetProperty("x"), jwk.GetProperty("y"));
        var canonical = $$"""{"crv":"P-256","kty":"EC","x":"{{x}}","y":"{{y}}"}""";
        var thumbprint = Base64UrlEncoder.Encode(SHA256.HashData(System.Text.Encoding.ASCII.GetBytes(canonical)));
        Assert.That(names, Is.EquivalentTo(new[] { "kty", "crv", "x", "y", "kid", "use", "alg" }));
        Assert.That(jwk.GetProperty("kid").GetString(), Is.EqualTo(thumbprint));
    }

    [Test]
    public void The_error_names_a_missing_file_and_the_remedy() =>
        Assert.That(ClientKey.Fault(Path), Does.Contain(Path).And.Contain("client-key create"));

    [Test]
    public void A_key_of_another_kind_is_refused()
    {
        File.WriteAllText(Path, "not a key");
        Assert.That(ClientKey.Fault(Path), Does.Contain("P-256"));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        File.WriteAllText(Path, other.ExportPkcs8PrivateKeyPem());
        Assert.That(ClientKey.Fault(Path), Does.Contain("P-256"));
        using var rsa = RSA.Create(2048);
        File.WriteAllText(Path, rsa.ExportPkcs8PrivateKeyPem());
        Assert.That(ClientKey.Fault(Path), Does.Contain("P-256"));
        using var half = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(Path, half.ExportSubjectPublicKeyInfoPem());
        Assert.That(ClientKey.Fault(Path), Does.Contain("P-256"));
    }
}
