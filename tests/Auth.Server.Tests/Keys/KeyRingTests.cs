using System.Security.Cryptography;
using Auth.Server.Keys;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Keys;

public sealed class KeyRingTests
{
    [Test]
    public async Task A_token_stays_valid_after_a_restart()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var issued = await server.Generate(await server.CreateAccount());

        await using var restarted = await server.Restart();

        using var scimAfterwards = await ResourceServer.Register(restarted);
        Assert.That((await scimAfterwards.Introspect(issued.Token!)).Active);
    }

    [Test]
    public async Task The_keys_in_the_database_are_encrypted()
    {
        await using var server = await AuthServer.Start();
        var rows = await server.WithDatabase(db => db.Keys.AsNoTracking().ToListAsync());
        var ring = await server.WithDatabase(db => db.DataProtectionKeys.AsNoTracking().ToListAsync());

        Assert.That(rows, Has.Count.EqualTo(4), "one active and one announced, for each use");
        foreach (var row in rows)
        {
            using var key = ECDsa.Create();
            Assert.That(
                () => key.ImportPkcs8PrivateKey(row.ProtectedKey, out _), Throws.InstanceOf<CryptographicException>());
        }

        Assert.That(ring.Select(key => key.Xml), Has.All.Contains("EncryptedData").And.All.Not.Contains("<masterKey"));
    }

    [Test]
    public async Task Every_direct_JWT_begins_with_the_same_characters()
    {
        await using var server = await AuthServer.Start();
        var one = (await server.Generate(await server.CreateAccount("one"))).Token!;
        var two = (await server.Generate(await server.CreateAccount("two"))).Token!;

        // {"alg":"ES256","kid":"scimtok- in base64url, without the last characters, which depend on what follows.
        const string prefix = "eyJhbGciOiJFUzI1NiIsImtpZCI6InNjaW10b2st";
        Assert.That(one, Does.StartWith(prefix));
        Assert.That(two, Does.StartWith(prefix));
    }
}
