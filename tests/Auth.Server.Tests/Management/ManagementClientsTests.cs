using System.Net;
using System.Text.Json;
using Auth.Server.Connect;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Tests.Management;

/// <summary>Who can call the management API, and which accounts they can access.</summary>
public sealed class ManagementClientsTests
{
    [Test]
    public async Task An_operator_adds_lists_and_removes_a_client()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        using var scim = await ResourceServer.Register(server);
        var file = Path.Combine(server.DataDirectory, "jwks.json");
        await File.WriteAllTextAsync(file, scim.Jwks);

        var added = await CommandsTests.Json(
            server, "management-clients", "add", "--name", "rotation", "--jwks", file, "--account", $"{account.Id}",
            "--json");
        var clientId = added.GetProperty("clientId").GetString()!;
        var listed = await CommandsTests.Json(server, "management-clients", "list", "--json");
        await CommandsTests.Json(server, "management-clients", "remove", "--client", clientId, "--json");

        Assert.That(JsonElement.DeepEquals(listed.EnumerateArray().Single(), added), $"{listed}");
        Assert.That(added.GetProperty("account").GetString(), Is.EqualTo($"{account.Id}"));
        Assert.That(
            (await CommandsTests.Json(server, "management-clients", "list", "--json")).GetArrayLength(), Is.Zero);
    }

    [Test]
    public async Task A_removed_client_is_refused_from_its_next_request_on()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        using var caller = await ManagementCaller.Register(server);
        using (var before = await caller.Get(ManagementCaller.SetsOf(account)))
            Assert.That(before.StatusCode, Is.EqualTo(HttpStatusCode.OK));

        await server.With<ManagementClients, bool>(async clients =>
        {
            await clients.Remove(caller.ClientId, null, TestOperations.Actor(), CancellationToken.None);
            return true;
        });

        Assert.That(await server.WithDatabase(db => db.Tokens.CountAsync()), Is.Zero);
        using var after = await caller.Get(ManagementCaller.SetsOf(account));
        using var newToken = await caller.RequestToken(Scopes.ReadAccounts);
        Assert.That(after.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(after.Headers.WwwAuthenticate.ToString(), Does.StartWith("Bearer"));
        Assert.That((await after.Json()).GetProperty("type").GetString(), Does.EndWith(":no-valid-token"));
        Assert.That((await after.Json()).GetProperty("detail").GetString(), Is.EqualTo("The client has been removed."));
        Assert.That(newToken.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task A_client_that_is_limited_to_an_account_sees_no_other()
    {
        await using var server = await AuthServer.Start();
        var own = await server.CreateAccount("Own");
        var other = await server.CreateAccount("Other");
        var issued = await server.Generate(other);
        using var caller = await ManagementCaller.Register(server, own);
        var set = $"{ManagementCaller.SetsOf(other)}/{issued.Set.Id}";

        var statuses = new List<HttpStatusCode>();
        foreach (var path in new[] { $"{AuthServerPaths.Accounts}/{other.Id}", ManagementCaller.SetsOf(other), set })
        {
            using var read = await caller.Get(path);
            statuses.Add(read.StatusCode);
        }
        foreach (var path in new[] { ManagementCaller.SetsOf(other), $"{set}/check", $"{set}/activate", $"{set}/revoke" })
        {
            using var written = await caller.Post(
                path, path.EndsWith("sets", StringComparison.Ordinal) ? "{}" : null, "k");
            statuses.Add(written.StatusCode);
        }
        using var accounts = await caller.Get(AuthServerPaths.Accounts);

        Assert.That(statuses, Has.All.EqualTo(HttpStatusCode.NotFound));
        Assert.That(
            (await accounts.Json()).GetProperty("accounts").EnumerateArray().Single().GetProperty("name").GetString(),
            Is.EqualTo("Own"));
        Assert.That((await server.FindActive(other))!.Id, Is.EqualTo(issued.Set.Id));
    }

    [Test]
    public async Task A_read_only_client_gets_no_token_to_write()
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        using var caller = await ManagementCaller.Register(server, readOnly: true);

        using var refused = await caller.RequestToken(ManagementClients.WriteCredentials);
        using var written = await caller.Post(ManagementCaller.SetsOf(account), "{}", "k");

        Assert.That((await refused.Json()).GetProperty("error").GetString(), Is.EqualTo("invalid_scope"));
        Assert.That(written.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await written.Json()).GetProperty("type").GetString(), Does.EndWith(":insufficient-scope"));
    }

    [Test]
    public async Task A_resource_server_cannot_have_the_id_of_a_client()
    {
        await using var server = await AuthServer.Start();
        using var caller = await ManagementCaller.Register(server);
        Assert.That(
            async () => await ResourceServer.Register(server, caller.ClientId),
            Throws.TypeOf<ProblemException>().With.Message.Contains("management API"));
    }

    [Test]
    public async Task Accounts_are_listed_page_by_page()
    {
        await using var server = await AuthServer.Start();
        foreach (var number in Enumerable.Range(1, 5))
            await server.CreateAccount($"Account {number}");
        using var caller = await ManagementCaller.Register(server);

        var names = new List<string?>();
        for (var page = "?count=2"; page is not null;)
        {
            using var response = await caller.Get(AuthServerPaths.Accounts + page);
            var read = await response.Json();
            names.AddRange(
                read.GetProperty("accounts").EnumerateArray().Select(a => a.GetProperty("name").GetString()));
            page = read.GetProperty("next").GetString() is { } next ? $"?count=2&after={next}" : null;
        }

        Assert.That(names, Is.EquivalentTo(Enumerable.Range(1, 5).Select(number => $"Account {number}")));
        using var refused = await caller.Get(AuthServerPaths.Accounts + "?count=0");
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }
}
