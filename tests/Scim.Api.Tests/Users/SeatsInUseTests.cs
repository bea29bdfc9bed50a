using System.Net;
using System.Net.Http.Json;
using Shared.Contracts;

namespace Scim.Api.Tests.Users;

/// <summary>What Auth.Server learns about the seats that accounts use.</summary>
[Parallelizable]
internal sealed class SeatsInUseTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task The_seats_of_several_accounts_are_counted_and_of_no_others()
    {
        var (one, other, unasked) = (Account(), Account(), Account());
        foreach (var (account, users) in new[] { (one, 2), (other, 1), (unasked, 1) })
        {
            using var scim = server.ClientOf(account);
            for (var i = 0; i < users; i++)
                await scim.CreateUser($"user-{i}@example.com");
        }
        other.Policy = other.Policy with { Suspended = true };

        using var client = Client(other, Scopes.CountSeats);
        var counted = await client.GetFromJsonAsync<SeatsInUse[]>(PathOf(one, other));

        Assert.That(counted!.Select(seats => (seats.Account, seats.Product, seats.Used)), Is.EquivalentTo(new[]
        {
            (one.Policy.Id, "portal", 2), (other.Policy.Id, "portal", 1),
        }));
    }

    [Test]
    public async Task Only_Auth_Servers_own_token_reads_them_and_that_token_reads_nothing_else()
    {
        var account = Account();
        using var identityProvider = server.ClientOf(account);
        using var portal = server.PortalOf(account);
        using var lookup = Client(account, Scopes.ReadPeople);
        using var client = Client(account, Scopes.CountSeats);
        foreach (var caller in new[] { identityProvider, portal, lookup })
            Assert.That((await caller.GetAsync(PathOf(account))).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        foreach (var path in new[] { "/portal/users", "/portal/events", "/portal/lookup?address=x", "/scim/v2/Users" })
            Assert.That((await client.GetAsync(path)).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden), path);
        var tooMany = PathOf([.. Enumerable.Repeat(account, SeatsInUse.MaxAccounts + 1)]);
        Assert.That((await client.GetAsync(tooMany)).StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    private static string PathOf(params TestAccount[] accounts) =>
        "/portal/seats-in-use?" + string.Join('&', accounts.Select(account => $"account={account.Policy.Id}"));

    private HttpClient Client(TestAccount account, string scope) => server.ClientWith(
        "Bearer " + server.AuthServer.IssueToken(() => account.PortalAnswer() with
        {
            Scope = scope, Act = new() { Subject = "seat-counts" },
        }));

    private static TestAccount Account()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            Licences = [new() { Product = "portal", Seats = 10, GivenToNewUsers = true }],
        };
        return account;
    }
}
