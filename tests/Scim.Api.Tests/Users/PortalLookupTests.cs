using System.Net;
using System.Net.Http.Json;
using Shared.Contracts;

namespace Scim.Api.Tests.Users;

/// <summary>What Auth.Server learns about the person with an e-mail address.</summary>
[Parallelizable]
internal sealed class PortalLookupTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task Users_are_found_by_name_and_by_address_with_what_became_of_them()
    {
        var account = Account();
        using var scim = server.ClientOf(account);
        using var portal = server.PortalOf(account);
        var ann = await scim.CreateUser("Ann@example.com");
        var bob = await scim.CreateUser(
            "bob@example.com", ""","emails":[{"value":"b@home.example","type":"home"}]""");
        await scim.CreateUser("kim@example.com", ""","active":false""");
        var eve = await scim.CreateUser("eve@example.com");
        await scim.Delete($"Users/{eve.Id()}");
        await portal.PatchAsJsonAsync($"users/{bob.Id()}", new PortalUserActivation { Active = false, Reason = "left" });
        await scim.Post("Users", Requests.NewUser("zoe@other.org"));
        await scim.Patch($"Users/{ann.Id()}", """{"op":"replace","path":"userName","value":"kim@example.com"}""");

        var (byName, byOther, created) = (await Find("ann@EXAMPLE.com"), await Find("b@home.example"), await Find("kim@example.com"));
        var (deleted, refused, unknown) = (await Find("eve@example.com"), await Find("zoe@other.org"), await Find("x"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(byName.User!.Email, Is.EqualTo("Ann@example.com"));
            Assert.That(byName.Refusal, Has.Property("Status").EqualTo(409), "Ann was not renamed.");
            Assert.That((byOther.User, byOther.OtherUser!.Email), Is.EqualTo(((PortalUser?)null, "bob@example.com")));
            Assert.That(
                byOther.Deactivation,
                Has.Property("Administrator").EqualTo("admin@example.com").And.Property("Reason").EqualTo("left"));
            Assert.That(
                created.Deactivation,
                Has.Property("Outcome").EqualTo("created").And.Property("CredentialSet").EqualTo(account.SetId));
            Assert.That(deleted.Deletion, Has.Property("Outcome").EqualTo("deleted"));
            Assert.That((deleted.User, deleted.OtherUser), Is.EqualTo(((PortalUser?)null, (PortalUser?)null)));
            Assert.That(refused.Refusal, Has.Property("Status").EqualTo(400));
            Assert.That(
                (unknown.User, unknown.OtherUser, unknown.Refusal, unknown.Deletion),
                Is.EqualTo(((PortalUser?)null, (PortalUser?)null, (PortalEvent?)null, (PortalEvent?)null)));
            Assert.That(unknown.Seats.Single(), Has.Property("Used").EqualTo(1));
            Assert.That(unknown.LastCall!.CredentialSet, Is.EqualTo(account.SetId));
        }

        async Task<PortalLookup> Find(string address)
        {
            using var lookup = Client(account, Scopes.ReadPeople);
            return (await lookup.GetFromJsonAsync<PortalLookup>("/portal/lookup?address=" + address))!;
        }
    }

    [Test]
    public async Task A_refusal_counts_until_a_later_request_succeeds()
    {
        var account = Account();
        using var scim = server.ClientOf(account);
        using var lookup = Client(account, Scopes.ReadPeople);
        await scim.Post("Users", """{"userName":"ann@example.com","name":{"givenName":"Ann"}}""");
        var before = await lookup.GetFromJsonAsync<PortalLookup>("/portal/lookup?address=ann@example.com");
        await scim.CreateUser("ann@example.com");
        var after = await lookup.GetFromJsonAsync<PortalLookup>("/portal/lookup?address=ann@example.com");
        Assert.That((before!.Refusal is null, after!.Refusal is null), Is.EqualTo((false, true)));
    }

    [Test]
    public async Task Only_Auth_Servers_own_token_reads_it_and_that_token_reads_nothing_else()
    {
        var account = Account();
        using var identityProvider = server.ClientOf(account);
        using var portal = server.PortalOf(account);
        using var lookup = Client(account, Scopes.ReadPeople);
        const string path = "/portal/lookup?address=x";
        Assert.That((await identityProvider.GetAsync(path)).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That((await portal.GetAsync(path)).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        foreach (var other in new[] { "/portal/users", "/portal/events", "/scim/v2/Users" })
            Assert.That((await lookup.GetAsync(other)).StatusCode, Is.EqualTo(HttpStatusCode.Forbidden), other);
        Assert.That(
            (await lookup.Post("/scim/v2/Users", Requests.NewUser("x@example.com"))).Status,
            Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task A_suspended_account_is_looked_up_as_well()
    {
        var account = Account();
        account.Policy = account.Policy with { Suspended = true };
        using var lookup = Client(account, Scopes.ReadPeople);
        Assert.That((await lookup.GetAsync("/portal/lookup?address=x")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    private HttpClient Client(TestAccount account, string scope) => server.ClientWith(
        "Bearer " + server.AuthServer.IssueToken(() => account.PortalAnswer() with
        {
            Scope = scope, Act = new() { Subject = "diagnosis" },
        }));

    private static TestAccount Account()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            Domains = ["example.com", "home.example"],
            Licences = [new() { Product = "portal", Seats = 10, GivenToNewUsers = true }],
        };
        return account;
    }
}
