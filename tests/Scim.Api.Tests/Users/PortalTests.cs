using System.Net;
using System.Net.Http.Json;
using Shared.Contracts;

namespace Scim.Api.Tests.Users;

[Parallelizable]
internal sealed class PortalTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task The_portal_lists_people_with_seats_and_source()
    {
        var account = Account(seats: 3);
        using var scim = server.ClientOf(account);
        using var portal = server.PortalOf(account);
        var ann = await scim.CreateUser("ann@example.com", ""","externalId":"00u1" """);
        await scim.CreateUser("bob@example.com", ""","active":false""");
        var made = await portal.PostAsJsonAsync(
            "users", new NewPortalUser { Email = "eve@example.com", FirstName = "Eve", LastName = "Ray" });
        var page = (await portal.GetFromJsonAsync<PortalUsers>("users"))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(made.StatusCode, Is.EqualTo(HttpStatusCode.Created));
            Assert.That(
                await made.Content.ReadFromJsonAsync<PortalUser>(),
                Has.Property("Email").EqualTo("eve@example.com").And.Property("Licences")
                    .EqualTo((string[])["portal"]));
            Assert.That(
                page,
                Has.Property("Total").EqualTo(3).And.Property("Page").EqualTo(1).And.Property("PageSize").EqualTo(25));
            Assert.That(
                page.Users.Select(user => user.Email),
                Is.EqualTo(["ann@example.com", "bob@example.com", "eve@example.com"]));
            Assert.That(page.Users[0], Is.EqualTo(new PortalUser
            {
                Id = Guid.Parse(ann.Id()),
                Email = "ann@example.com",
                FirstName = "Ann",
                LastName = "Lee",
                DisplayName = "Ann Lee",
                Active = true,
                ExternalId = "00u1",
                Licences = page.Users[0].Licences,
                Source = UserSources.Scim,
            }));
            Assert.That(page.Users.Select(user => user.Active), Is.EqualTo([true, false, true]));
            Assert.That(page.Users.Select(user => user.Licences.Count), Is.EqualTo([1, 0, 1]));
            Assert.That(page.Users.Select(user => user.Source), Is.EqualTo(["scim", "scim", "scileads"]));
            Assert.That(page.Seats.Single(), Is.EqualTo(new ProductSeats { Product = "portal", Seats = 3, Used = 2 }));
        }
    }

    [TestCase("ANN", 1)]
    [TestCase("jones", 1)]
    [TestCase("ann bob", 0)]
    [TestCase("00u", 1)]
    [TestCase("example.com", 2)]
    [TestCase("%", 0)]
    [TestCase("_", 0)]
    [TestCase("  ", 2)]
    [TestCase("Boss", 1)]
    [TestCase("ÄRGER", 1)]
    public async Task The_portal_searches_names_addresses_and_external_ids(string search, int found)
    {
        var account = Account(seats: 3);
        using var scim = server.ClientOf(account);
        using var portal = server.PortalOf(account);
        await scim.Post(
            "Users",
            """{"userName":"ann@example.com","externalId":"00u1","name":{"givenName":"Ann","familyName":"Ärger"}}""");
        await scim.Post(
            "Users",
            """{"userName":"bob@example.com","displayName":"The Boss","name":{"givenName":"Bob","familyName":"Jones"}}""");
        var page = (await portal.GetFromJsonAsync<PortalUsers>("users?search=" + Uri.EscapeDataString(search)))!;
        Assert.That((page.Total, page.Users.Count), Is.EqualTo((found, found)));
    }

    /// <summary>PostgreSQL does not accept text with U+0000.</summary>
    [TestCase("users?search=%00", false)]
    [TestCase("users?search=ann%00lee", false)]
    [TestCase("users?page=%00", true)]
    [TestCase("events?search=%00", false)]
    [TestCase("events?search=ann%00lee", false)]
    [TestCase("events?userName=%00", false)]
    [TestCase("events?userName=ann%00lee", false)]
    [TestCase("events.csv?search=%00", false)]
    [TestCase("events.csv?userName=%00", false)]
    public async Task A_search_for_a_character_that_no_text_contains_succeeds(string path, bool isFound)
    {
        var account = Account(seats: 1);
        using var scim = server.ClientOf(account);
        await scim.CreateUser("ann@example.com");
        using var portal = server.PortalOf(account);
        using var answer = await portal.GetAsync(path);
        var found = await answer.Content.ReadAsStringAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), found);
            Assert.That(found.Contains("ann@example.com", StringComparison.Ordinal), Is.EqualTo(isFound));
        }
    }

    [TestCase("null")]
    [TestCase("\"\"")]
    [TestCase("\" \"")]
    [TestCase("5")]
    [TestCase("{}")]
    [TestCase("\"\\u0000\"")]
    public async Task The_portal_refuses_a_person_without_an_address(string email)
    {
        using var portal = server.PortalOf(Account(seats: 1));
        var refused = await portal.Post("users", $$"""{"email":{{email}},"first_name":"A","last_name":"B"}""");
        Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.BadRequest), refused.ToString());
    }

    [Test]
    public async Task The_portal_reads_page_by_page()
    {
        var account = Account(seats: 100);
        using var portal = server.PortalOf(account);
        for (var i = 0; i < 27; i++)
            await portal.PostAsJsonAsync(
                "users", new NewPortalUser { Email = $"u{i}@example.com", FirstName = "U", LastName = $"{i}" });
        var second = (await portal.GetFromJsonAsync<PortalUsers>("users?page=2"))!;
        var beyond = (await portal.GetFromJsonAsync<PortalUsers>("users?page=9"))!;
        var nonsense = (await portal.GetFromJsonAsync<PortalUsers>("users?page=x"))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((second.Total, second.Page, second.Users.Count), Is.EqualTo((27, 2, 2)));
            Assert.That((beyond.Total, beyond.Users.Count), Is.EqualTo((27, 0)));
            Assert.That(nonsense.Page, Is.EqualTo(1));
        }
    }

    [Test]
    public async Task The_same_rules_apply_to_the_portal()
    {
        var account = Account(seats: 1, domains: ["example.com"]);
        using var portal = server.PortalOf(account);
        var domain = await portal.Post("users", """{"email":"a@other.org","first_name":"A","last_name":"B"}""");
        var name = await portal.Post("users", """{"email":"a@example.com","first_name":"","last_name":"B"}""");
        var made = await portal.Post("users", """{"email":" a@example.com ","first_name":"A","last_name":"B"}""");
        var twice = await portal.Post("users", """{"email":"A@example.com","first_name":"A","last_name":"B"}""");
        var seats = await portal.Post("users", """{"email":"b@example.com","first_name":"A","last_name":"B"}""");
        var nothing = await portal.Post("users", "{}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(domain.Detail, Does.Contain("other.org"));
            Assert.That(name.Detail, Does.StartWith("First name"));
            Assert.That(made.Status, Is.EqualTo(HttpStatusCode.Created));
            Assert.That((string)made["email"]!, Is.EqualTo("a@example.com"));
            Assert.That(twice.Status, Is.EqualTo(HttpStatusCode.Conflict));
            Assert.That(seats.Status, Is.EqualTo(HttpStatusCode.Forbidden));
            Assert.That(nothing.Status, Is.EqualTo(HttpStatusCode.BadRequest));
        }
    }

    private static TestAccount Account(int seats, string[]? domains = null)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            Domains = domains ?? [],
            Licences = [new() { Product = "portal", Seats = seats, GivenToNewUsers = true }],
        };
        return account;
    }
}
