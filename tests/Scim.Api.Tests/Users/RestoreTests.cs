using System.Net;

namespace Scim.Api.Tests.Users;

/// <summary>People who come back: a create that means an inactive user.</summary>
[Parallelizable]
internal sealed class RestoreTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase("ANN@example.com", "other", "userName ANN@example.com")]
    [TestCase("new@example.com", "00u1", "externalId 00u1")]
    [TestCase("ann@example.com", "00u1", "userName ann@example.com")]
    public async Task By_default_the_create_is_refused_and_names_the_user(
        string userName, string externalId, string what)
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com", ""","externalId":"00u1","active":false""")).Id();
        var refused = await client.Post("Users", Requests.NewUser(userName, $",\"externalId\":\"{externalId}\""));
        Assert.That(refused, Has.Property("Status").EqualTo(HttpStatusCode.Conflict)
            .And.Property("ScimType").EqualTo("uniqueness")
            .And.Property("Detail").Contains($"{what} belongs to an inactive user of this account ({id})")
            .And.Property("Detail").Contains("reactivate"));
        Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.EqualTo(1));
    }

    [TestCase("new@example.com", "00u1")]
    [TestCase("ann@example.com", "00u1")]
    [TestCase("ANN@example.com", "00u1")]
    public async Task If_the_account_allows_it_the_create_restores_the_user(string userName, string externalId)
    {
        using var client = server.ClientOf(Account(seats: 1));
        var before = await client.CreateUser(
            "ann@example.com", ""","externalId":"00u1","title":"Dr","active":false,"emails":[{"value":"old@example.com","type":"work"}]""");
        var restored = await client.Post(
            "Users", Requests.NewUser(userName, $",\"externalId\":\"{externalId}\",\"nickName\":\"A\""));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(restored.Status, Is.EqualTo(HttpStatusCode.Created), restored.ToString());
            Assert.That(restored.Json!.Id(), Is.EqualTo(before.Id()));
            Assert.That(restored.Message.Headers.Location?.ToString(), Does.EndWith($"/Users/{before.Id()}"));
            Assert.That((string)restored["userName"]!, Is.EqualTo(userName));
            Assert.That((string)restored["externalId"]!, Is.EqualTo(externalId));
            Assert.That((bool)restored["active"]!, Is.True);
            Assert.That((string)restored["nickName"]!, Is.EqualTo("A"));
            Assert.That(restored["title"], Is.Null, "the user is what the create says");
            Assert.That((string)restored["emails"]![0]!["value"]!, Is.EqualTo(userName), "as of a new user");
            Assert.That((string)restored["meta"]!["created"]!, Is.EqualTo((string)before["meta"]!["created"]!));
            Assert.That((string)restored["meta"]!["version"]!, Is.EqualTo("W/\"2\""));
            Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.EqualTo(1));
            Assert.That(
                (await client.Post("Users", Requests.NewUser("b@example.com"))).Status,
                Is.EqualTo(HttpStatusCode.Forbidden),
                "the seat is taken");
        }
    }

    [Test]
    public async Task A_user_is_not_restored_without_a_seat()
    {
        using var client = server.ClientOf(Account(seats: 1));
        var id = (await client.CreateUser("ann@example.com", ""","active":false""")).Id();
        await client.CreateUser("bob@example.com");
        var refused = await client.Post("Users", Requests.NewUser("ann@example.com", ""","title":"Dr" """));
        var ann = await client.Get($"Users/{id}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.Forbidden));
            Assert.That((bool)ann["active"]!, Is.False);
            Assert.That(ann["title"], Is.Null);
            Assert.That((string)ann["meta"]!["version"]!, Is.EqualTo("W/\"1\""));
        }
    }

    [Test]
    public async Task A_create_with_active_false_restores_an_inactive_user_without_a_seat()
    {
        using var client = server.ClientOf(Account(seats: 1));
        var id = (await client.CreateUser("ann@example.com", ""","active":false""")).Id();
        var restored = await client.Post(
            "Users", Requests.NewUser("ann@example.com", ""","active":false,"title":"Dr" """));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(restored.Json!.Id(), Is.EqualTo(id));
            Assert.That((bool)restored["active"]!, Is.False);
            Assert.That((string)restored["title"]!, Is.EqualTo("Dr"));
        }
        await client.CreateUser("bob@example.com");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task If_two_users_may_be_meant_both_are_named(bool restores)
    {
        using var client = server.ClientOf(Account(seats: 9, restores));
        var ann = (await client.CreateUser("ann@example.com", ""","externalId":"1","active":false""")).Id();
        var bea = (await client.CreateUser("bea@example.com", ""","externalId":"2","active":false""")).Id();
        var refused = await client.Post("Users", Requests.NewUser("ann@example.com", ""","externalId":"2" """));
        Assert.That(refused, Has.Property("Status").EqualTo(HttpStatusCode.Conflict)
            .And.Property("ScimType").EqualTo("uniqueness")
            .And.Property("Detail").Contains(ann).And.Property("Detail").Contains(bea)
            .And.Property("Detail").Contains("the externalId 2"));
    }

    [TestCase("ann@example.com", "new", Description = "the address was given to somebody else")]
    [TestCase("ANN@example.com", "OLD", Description = "an externalId is compared exactly")]
    [TestCase("ann@example.com", "old ")]
    public async Task A_recycled_address_does_not_inherit_the_former_user(string userName, string externalId)
    {
        using var client = server.ClientOf(Account(seats: 9));
        var id = (await client.CreateUser("ann@example.com", ""","externalId":"old","active":false""")).Id();
        var newcomer = Requests.NewUser(userName, $",\"externalId\":\"{externalId}\"");
        var refused = await client.Post("Users", newcomer);
        var inBulk = (await client.Post(
            "Bulk", $$"""{"Operations":[{"method":"POST","path":"/Users","bulkId":"1","data":{{newcomer}} }]}""")).FirstOfBulk();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused, Has.Property("Status").EqualTo(HttpStatusCode.Conflict)
                .And.Property("ScimType").EqualTo("uniqueness")
                .And.Property("Detail").Contains($"({id}), whose externalId is old")
                .And.Property("Detail").Contains("another userName"));
            Assert.That(inBulk.Detail, Is.EqualTo(refused.Detail));
            Assert.That((bool)(await client.Get($"Users/{id}"))["active"]!, Is.False);
        }
        // The remedy in the response works.
        await client.Patch($"Users/{id}", """{"op":"replace","path":"userName","value":"left@example.com"}""");
        Assert.That((await client.CreateUser(userName, $",\"externalId\":\"{externalId}\"")).Id(), Is.Not.EqualTo(id));
    }

    [TestCase(null, "1")]
    [TestCase("1", null)]
    [TestCase(null, null)]
    public async Task If_either_has_no_externalId_the_userName_decides(string? before, string? after)
    {
        using var client = server.ClientOf(Account(seats: 9));
        static string More(string? externalId) => externalId is null ? "" : $",\"externalId\":\"{externalId}\"";
        var id = (await client.CreateUser("ann@example.com", More(before) + ",\"active\":false")).Id();
        Assert.That((await client.CreateUser("ann@example.com", More(after))).Id(), Is.EqualTo(id));
    }

    [TestCase(true, "active inactive", false)]
    [TestCase(true, "inactive inactive", false)]
    [TestCase(true, "inactive", true)]
    [TestCase(false, "active inactive", false)]
    [TestCase(false, "inactive inactive", false)]
    [TestCase(false, "inactive", true)]
    [TestCase(true, "active", false)]
    [TestCase(true, "active active", false)]
    [TestCase(true, "inactive deleted", true, Description = "a deleted user has no externalId any more")]
    public async Task An_externalId_identifies_an_inactive_user_only_if_nobody_else_has_it(
        bool restores, string holders, bool refers)
    {
        using var client = server.ClientOf(Account(seats: 9, restores));
        var ids = new List<string>();
        foreach (var _ in holders.Split(' '))
            ids.Add((await client.CreateUser($"u{ids.Count}@example.com", ""","externalId":"1" """)).Id());
        // Only now, because a create with an inactive user's externalId would restore that user.
        foreach (var (state, id) in holders.Split(' ').Zip(ids))
        {
            if (state == "inactive")
                await client.Patch($"Users/{id}", """{"op":"replace","value":{"active":false}}""");
            else if (state == "deleted")
                await client.Delete($"Users/{id}");
        }
        var answer = await client.Post("Users", Requests.NewUser("new@example.com", ""","externalId":"1" """));
        if (refers && !restores)
            Assert.That(answer.Detail, Does.Contain(ids[0]).And.Contain("the externalId 1").IgnoreCase);
        else
            Assert.That(ids.Contains(answer.Json!.Id()), Is.EqualTo(refers), answer.ToString());
    }

    [Test]
    public async Task Active_users_may_share_an_externalId_and_nobody_takes_over_an_active_one()
    {
        using var client = server.ClientOf(Account(seats: 9));
        var ann = await client.CreateUser("ann@example.com", ""","externalId":"1" """);
        var bea = await client.CreateUser("bea@example.com", ""","externalId":"1" """);
        Assert.That(bea.Id(), Is.Not.EqualTo(ann.Id()));
        var old = await client.CreateUser("old@example.com", ""","externalId":"2","active":false""");
        var refused = await client.Post("Users", Requests.NewUser("ANN@example.com", ""","externalId":"2" """));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Detail, Does.Contain("userName ANN@example.com").And.Contain(ann.Id()));
            Assert.That((bool)(await client.Get($"Users/{old.Id()}"))["active"]!, Is.False);
        }
    }

    [Test]
    public async Task Users_of_other_accounts_and_deleted_users_are_not_restored()
    {
        using var theirs = server.ClientOf(Account(seats: 9));
        await theirs.CreateUser("ann@example.com", ""","externalId":"1","active":false""");
        using var mine = server.ClientOf(Account(seats: 9));
        var id = (await mine.CreateUser("ann@example.com", ""","externalId":"1","active":false""")).Id();
        await mine.Delete($"Users/{id}");
        Assert.That((await mine.CreateUser("ann@example.com", ""","externalId":"1" """)).Id(), Is.Not.EqualTo(id));
        Assert.That((int)(await theirs.Get("Users?filter=active eq true"))["totalResults"]!, Is.Zero);
    }

    [Test]
    public async Task One_of_many_concurrent_creates_restores_the_user()
    {
        using var client = server.ClientOf(Account(seats: 1));
        await client.CreateUser("ann@example.com", ""","externalId":"1","active":false""");
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(i =>
            client.Post("Users", Requests.NewUser("ann@example.com", ""","externalId":"1" """))));
        Assert.That(answers.Count(a => a.Status == HttpStatusCode.Created), Is.EqualTo(1));
        Assert.That(answers.Count(a => a.Status == HttpStatusCode.Conflict), Is.EqualTo(9));
    }

    private static TestAccount Account(int seats, bool restores = true)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            RestoreInactive = restores,
            Licences = [new() { Product = "portal", Seats = seats, GivenToNewUsers = true }],
        };
        return account;
    }
}
