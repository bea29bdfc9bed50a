using Auth.Server.Audit;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Management;

/// <summary>
/// <c>resource-servers add</c> replaces the keys of a registered server only with <c>--replace</c>.
/// </summary>
public sealed class ResourceServerCommandsTests
{
    [Test]
    public async Task A_registered_server_keeps_its_keys_without_the_option_replace()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        var token = (await server.Generate(await server.CreateAccount())).Token!;
        await Write(server, "new.jwks", PublicKeysTests.SetOf(PublicKeysTests.NewKey()));
        await Write(server, "same.jwks", scim.Jwks);

        var (exitCode, _, error) = await CommandsTests.Run(server, "resource-servers", "add", "--jwks", "new.jwks");
        Assert.That(exitCode, Is.EqualTo(1));
        Assert.That(error, Does.Contain("scim is already registered").And.Contain("all provisioning (SCIM) would stop")
            .And.Contain("--replace").And.Contain("Nothing was changed"));
        Assert.That((await scim.Introspect(token)).Active);

        Assert.That(
            (await CommandsTests.Run(server, "resource-servers", "add", "--jwks", "same.jwks")).ExitCode, Is.Zero);
        Assert.That((await scim.Introspect(token)).Active, "the same keys change nothing");

        var replaced = await CommandsTests.Run(server, "resource-servers", "add", "--jwks", "new.jwks", "--replace");
        Assert.That(replaced.ExitCode, Is.Zero, replaced.Error);
        using var refused = await scim.Post(AuthServerPaths.Introspection, ("token", token));
        Assert.That((int)refused.StatusCode, Is.EqualTo(401));
        var entry = await server.WithDatabase(db => db.AuditEntries.OrderByDescending(e => e.Id).FirstAsync());
        Assert.That(entry.Detail, Does.Contain("replaces"));
    }

    [Test]
    public async Task Another_server_needs_a_valid_name_that_no_client_has()
    {
        await using var server = await AuthServer.Start();
        using var scim = await ResourceServer.Register(server);
        using var caller = await ManagementCaller.Register(server);
        await Write(server, "new.jwks", PublicKeysTests.SetOf(PublicKeysTests.NewKey()));

        foreach (var (name, sentence) in new[]
        {
            ("billing", null), (caller.ClientId, "is a client of the management API"), ("", "1 to 100"),
            ("a b", "without spaces"),
            ("скім", "ASCII"), (new string('a', 101), "1 to 100"),
        })
        {
            var (exitCode, _, error) = await CommandsTests.Run(
                server, "resource-servers", "add", "--name", name, "--jwks", "new.jwks", "--replace");
            Assert.That(
                (exitCode, sentence is null || error.Contains(sentence)), Is.EqualTo((sentence is null ? 0 : 1, true)),
                error);
        }
        Assert.That((await scim.Introspect((await server.Generate(await server.CreateAccount())).Token!)).Active);
    }

    private static Task Write(AuthServer server, string name, string jwks) =>
        File.WriteAllTextAsync(Path.Combine(server.DataDirectory, name), jwks);
}
