using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Auth.Server.Data;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using SciLeads.Tests;
using Shared.Hosting;

namespace Auth.Server.Tests.Keys;

/// <summary>A process whose certificate cannot decrypt the key ring adds no key to it.</summary>
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class KeyCertificateTests
{
    private DirectoryInfo folder = null!;

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("certificates-");

    [TearDown]
    public void RemoveFolder() => folder.Delete(recursive: true);

    [TestCase("missing", "does not exist, but the database has keys")]
    [TestCase("different", "cannot decrypt the keys in the database")]
    [TestCase("malformed", "must be a PFX file without a password")]
    [TestCase("with a password", "must be a PFX file without a password")]
    [TestCase("without its key", "has no RSA private key")]
    public async Task A_node_with_the_wrong_certificate_does_not_start_and_writes_nothing(string which, string sentence)
    {
        await using var server = await AuthServer.Start();
        var before = await Ring(server);
        var file = Write(which);

        Assert.That(
            async () => await (await server.StartNode($"--Auth:KeyCertificate={file}")).DisposeAsync(),
            Throws.TypeOf<OperatorException>().With.Message.Contains(sentence).And.Message.Contains(file));

        Assert.That(await Ring(server), Is.EqualTo(before));
        Assert.That(
            File.Exists(file), Is.EqualTo(which != "missing"), "a new certificate would be useless");
    }

    [TestCase("missing", "does not exist, but the database has keys")]
    [TestCase("different", "cannot decrypt the keys in the database")]
    public async Task A_command_with_the_wrong_certificate_does_not_run_and_writes_nothing(string which, string sentence)
    {
        await using var server = await AuthServer.Start();
        var before = await Ring(server);
        var run = await ProgramRun.Of(
            "Auth.Server",
            [
                $"ConnectionStrings__Auth={server.Services.GetRequiredService<Database>().ConnectionString}",
                // Another directory, so that the command does not run in the running server.
                $"Auth__DataDirectory={Path.Combine(folder.FullName, "data")}", $"Auth__KeyCertificate={Write(which)}",
            ],
            "accounts", "list");
        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(run.Error.TrimEnd().Split('\n')[^1], Does.StartWith("Auth.Server: ").And.Contain(sentence));
        Assert.That(await Ring(server), Is.EqualTo(before));
    }

    [Test]
    public async Task An_expired_certificate_still_decrypts_the_keys()
    {
        var file = Write("expired");
        await using var server = await AuthServer.StartEmpty($"--Auth:KeyCertificate={file}");
        await using var restarted = await server.Restart($"--Auth:KeyCertificate={file}");
        Assert.That(await Ring(restarted), Has.Count.EqualTo(1));
    }

    [TestCase("different", false)]
    [TestCase("the same", true)]
    public async Task Only_a_process_that_can_read_the_key_ring_adds_a_key(string which, bool isAdded)
    {
        await using var server = await AuthServer.Start();
        var before = await Ring(server);
        var file = isAdded ? Path.Combine(server.DataDirectory, "keys.pfx") : Write(which);
        await using var other = Program.Build(
        [
            $"--ConnectionStrings:Auth={server.Services.GetRequiredService<Database>().ConnectionString}",
            $"--Auth:DataDirectory={folder.FullName}", $"--Auth:KeyCertificate={file}",
        ]);
        var keys = other.Services.GetRequiredService<IKeyManager>();
        var now = DateTimeOffset.UtcNow;

        Assert.That(
            () => keys.CreateNewKey(now, now.AddDays(90)),
            isAdded ? Throws.Nothing : Throws.TypeOf<OperatorException>());

        Assert.That(await Ring(server), Has.Count.EqualTo(before.Count + (isAdded ? 1 : 0)));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Of_two_nodes_that_start_on_an_empty_database_both_read_its_keys_or_one_is_refused(
        bool same)
    {
        var one = Write("one");
        var other = same ? one : Write("different");
        var database = TestPostgres.IsWanted
            ? TestPostgres.NewDatabase()
            : $"Data Source={Path.Combine(folder.FullName, "empty.db")}";

        var starts = await Task.WhenAll(new[] { one, other }.Select(file => Task.Run(() => TryStart(database, file))));

        Assert.That(starts.Count(started => started is not null), Is.EqualTo(same ? 2 : 1));
        foreach (var server in starts.OfType<AuthServer>())
        {
            var keys = server.Services.GetRequiredService<IKeyManager>().GetAllKeys();
            Assert.That(keys.Select(key => key.CreateEncryptor()), Is.All.Not.Null);
            await server.DisposeAsync();
        }
    }

    private static async Task<AuthServer?> TryStart(string database, string certificate)
    {
        try
        {
            return await AuthServer.Start(
                $"--ConnectionStrings:Auth={database}", $"--Auth:KeyCertificate={certificate}");
        }
        catch (OperatorException)
        {
            return null;
        }
    }

    private static async Task<List<string?>> Ring(AuthServer server) => await server.WithDatabase(
        db => db.DataProtectionKeys.AsNoTracking().OrderBy(key => key.Id).Select(key => key.Xml).ToListAsync());

    private string Write(string which)
    {
        var file = Path.Combine(folder.FullName, $"{which.Replace(' ', '-')}.pfx");
        if (which == "missing")
            return file;
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-3), now.AddDays(which == "expired" ? -1 : 1));
        using var stripped = X509CertificateLoader.LoadCertificate(certificate.RawData);
        byte[] content = which switch
        {
            "malformed" => [1, 2, 3],
            "with a password" => certificate.Export(X509ContentType.Pfx, "secret"),
            "without its key" => stripped.Export(X509ContentType.Pfx),
            _ => certificate.Export(X509ContentType.Pfx),
        };
        using (var stream = PrivateFile.Create(file))
            stream.Write(content);
        return file;
    }
}
