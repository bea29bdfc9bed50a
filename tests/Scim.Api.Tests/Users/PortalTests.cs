using System.Net;
using System.Net.Http.Json;
using Shared.Contracts;

namespace Scim.Api.Tests.Users;

[Parallelizable]
internal sealed class PortalTests
{
    private readonly TestAccount crowd = Account(seats: 100);
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start();
        // u01 to u28, of whom the last is inactive.
        using var scim = server.ClientOf(crowd);
        for (var i = 1; i <= 28; i++)
            await scim.CreateUser($"u{i:d2}@example.com", $$""","active":{{(i < 28 ? "true" : "false")}}""");
    }

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
                Has.Property("Total").EqualTo(3).And.Property("HasPrevious").False.And.Property("HasNext").False);
            Assert.That(
                page.Users.Select(user => user.Email),
                Is.EqualTo(["eve@example.com", "bob@example.com", "ann@example.com"]), "newest first");
            Assert.That(page.Users[2], Is.EqualTo(new PortalUser
            {
                Id = Guid.Parse(ann.Id()),
                Email = "ann@example.com",
                FirstName = "Ann",
                LastName = "Lee",
                DisplayName = "Ann Lee",
                Active = true,
                ExternalId = "00u1",
                Licences = page.Users[2].Licences,
                Source = UserSources.Scim,
                WorkEmail = "ann@example.com",
                LastModified = page.Users[2].LastModified,
            }));
            Assert.That(page.Users.Select(user => user.Active), Is.EqualTo([true, false, true]));
            Assert.That(page.Users.Select(user => user.Licences.Count), Is.EqualTo([1, 0, 1]));
            Assert.That(page.Users.Select(user => user.Source), Is.EqualTo(["scileads", "scim", "scim"]));
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
    [TestCase("users?licence=%00", false)]
    [TestCase("users?after=%00", true)]
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

    [TestCase("", "28..4 3..1")]
    [TestCase("sort=-newest", "1..25 26..28")]
    [TestCase("sort=email", "1..25 26..28")]
    [TestCase("sort=-email", "28..4 3..1")]
    [TestCase("sort=changed", "28..4 3..1")]
    [TestCase("sort=-changed", "1..25 26..28")]
    [TestCase("sort=status", "27..3 2..1,28")]
    [TestCase("sort=-status", "28,1..24 25..27")]
    [TestCase("sort=source", "28..4 3..1")]
    [TestCase("status=active", "27..3 2..1")]
    [TestCase("licence=portal&sort=email", "1..25 26..27")]
    public async Task The_portal_reads_page_by_page_in_each_order_forward_and_backward(string query, string expected)
    {
        using var portal = server.PortalOf(crowd);
        var first = await Read(query);
        var second = await Read($"{query}&after={first.Users[^1].Id}");
        var back = await Read($"{query}&before={second.Users[0].Id}");
        var last = await Read($"{query}&page=last");
        var beforeLast = await Read($"{query}&before={last.Users[0].Id}");
        var beyond = await Read($"{query}&after={second.Users[^1].Id}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That($"{Numbers(first)} {Numbers(second)}", Is.EqualTo(expected));
            Assert.That((first.HasPrevious, first.HasNext), Is.EqualTo((false, true)));
            Assert.That((second.HasPrevious, second.HasNext), Is.EqualTo((true, false)));
            Assert.That((Numbers(back), back.HasPrevious, back.HasNext), Is.EqualTo((Numbers(first), false, true)));
            Assert.That((last.Users.Count, last.HasPrevious, last.HasNext), Is.EqualTo((25, true, false)));
            Assert.That(last.Users[^1], Has.Property("Id").EqualTo(second.Users[^1].Id));
            Assert.That(beforeLast.Users[0].Id, Is.EqualTo(first.Users[0].Id));
            Assert.That((beyond.Users.Count, beyond.Total, beyond.HasPrevious), Is.EqualTo((0, first.Total, true)));
        }

        async Task<PortalUsers> Read(string query) => (await portal.GetFromJsonAsync<PortalUsers>("users?" + query))!;

        // 28..4 stands for 28, 27, and so on to 4.
        static string Numbers(PortalUsers page)
        {
            var numbers = page.Users.Select(user => int.Parse(user.Email[1..3])).ToList();
            var runs = new List<(int First, int Last)>();
            foreach (var number in numbers)
            {
                if (runs.Count > 0 && Math.Abs(number - runs[^1].Last) == 1)
                    runs[^1] = (runs[^1].First, number);
                else
                    runs.Add((number, number));
            }
            return string.Join(',', runs.Select(run => run.First == run.Last ? $"{run.First}" : $"{run.First}..{run.Last}"));
        }
    }

    [TestCase("status=active", "eve, ann")]
    [TestCase("status=inactive", "kim, bob")]
    [TestCase("status=nonsense", "eve, kim, bob, ann")]
    [TestCase("source=scim", "kim, bob, ann")]
    [TestCase("source=scileads", "eve")]
    [TestCase("licence=portal", "eve, ann")]
    [TestCase("licence=other", "")]
    [TestCase("changed=hand", "kim")]
    [TestCase("changed=hand&status=active", "")]
    [TestCase("status=inactive&source=scim&changed=hand&sort=email", "kim")]
    [TestCase("status=active&search=example", "eve, ann")]
    [TestCase("search=bob@example.com", "bob", Description = "Not jimbob: a whole address finds its user.")]
    [TestCase("search=BOB@HOME.example", "bob")]
    [TestCase("search=bob@home.example&status=active", "")]
    [TestCase("search=@example.com", "eve, kim, bob, ann")]
    [TestCase("search=ob@", "bob, ann", Description = "A part of an address finds whoever contains it.")]
    [TestCase("search=kim@example.co", "kim", Description = "So does its beginning, by an index.")]
    [TestCase("search=ob@example.com", "", Description = "A whole address is not searched for in others.")]
    public async Task The_portal_filters(string query, string expected)
    {
        var account = Account(seats: 10);
        using var scim = server.ClientOf(account);
        using var portal = server.PortalOf(account);
        await scim.CreateUser("ann@example.com", ""","externalId":"bob@example.com.org" """);
        await scim.CreateUser(
            "bob@example.com", ""","active":false,"emails":[{"value":"bob@home.example","type":"home"}]""");
        var kim = await scim.CreateUser("kim@example.com");
        await portal.PostAsJsonAsync(
            "users", new NewPortalUser { Email = "eve@example.com", FirstName = "Eve", LastName = "Ray" });
        await portal.PatchAsJsonAsync(
            $"users/{kim.Id()}", new PortalUserActivation { Active = false, Reason = "left" });
        var page = (await portal.GetFromJsonAsync<PortalUsers>("users?" + query))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(string.Join(", ", page.Users.Select(user => user.Email.Split('@')[0])), Is.EqualTo(expected));
            Assert.That(page.Total, Is.EqualTo(page.Users.Count));
        }
    }

    [Test]
    public async Task A_user_has_all_attributes_and_who_set_them()
    {
        var account = Account(seats: 10);
        using var scim = server.ClientOf(account);
        using var portal = server.PortalOf(account);
        var jane = await scim.CreateUser(
            "jane@example.com",
            """
            ,"title":"CEO","nickName":"J","emails":[{"value":"j@home.example","type":"home"}],
            "addresses":[{"type":"work","locality":"York","country":"GB"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales"}
            """);
        await scim.Patch($"Users/{jane.Id()}", """{"op":"replace","path":"title","value":"CTO"}""");
        await portal.PatchAsJsonAsync(
            $"users/{jane.Id()}", new PortalUserActivation { Active = false, Reason = " on leave " });

        var details = (await portal.GetFromJsonAsync<PortalUserDetails>($"users/{jane.Id()}"))!;
        var byName = details.Attributes.ToDictionary(attribute => attribute.Name);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                details.User,
                Has.Property("Email").EqualTo("jane@example.com").And.Property("Active").False
                    .And.Property("ActiveSetByHand").True.And.Property("Licences").Empty);
            Assert.That(
                details.Attributes.Select(attribute => (attribute.Name, string.Join("; ", attribute.Values))),
                Is.EquivalentTo(new[]
                {
                    ("userName", "jane@example.com"), ("name.givenName", "Ann"), ("name.familyName", "Lee"),
                    ("title", "CTO"), ("nickName", "J"), ("displayName", "Ann Lee"), ("active", "false"),
                    ("emails", "j@home.example (home); jane@example.com (work, primary)"),
                    ("addresses", "work, locality: York, country: GB"), ("department", "Sales"),
                }));
            Assert.That(byName["displayName"].DerivedFrom, Is.EqualTo("name"));
            Assert.That(byName["emails"].DerivedFrom, Is.EqualTo("userName"));
            Assert.That(byName["title"].DerivedFrom, Is.Null);
            Assert.That(byName["title"].ChangedAt, Is.GreaterThan(byName["nickName"].ChangedAt!.Value));
            Assert.That(byName["department"].CredentialSet, Is.EqualTo(account.SetId));
            Assert.That((byName["active"].Administrator, byName["active"].CredentialSet), Is.EqualTo(
                ("admin@example.com", (Guid?)null)));
        }
    }

    [Test]
    public async Task A_change_by_hand_has_a_reason_and_says_whether_it_changed_anything()
    {
        var account = Account(seats: 1);
        using var scim = server.ClientOf(account);
        using var portal = server.PortalOf(account);
        var jane = await scim.CreateUser("jane@example.com");
        var deactivated = await Set(active: false, "left");
        var again = await Set(active: false, "left again");
        await scim.CreateUser("bob@example.com");
        var withoutSeat = await portal.PatchAsJsonAsync(
            $"users/{jane.Id()}", new PortalUserActivation { Active = true, Reason = "back" });
        var events = (await portal.GetFromJsonAsync<PortalEvents>($"events?user={jane.Id()}"))!.Events;
        var byProvider = await scim.Patch($"Users/{jane.Id()}", """{"op":"replace","path":"title","value":"CTO"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(deactivated, Is.EqualTo(new PortalUserChange { Email = "jane@example.com", Changed = true }));
            Assert.That(again, Is.EqualTo(new PortalUserChange { Email = "jane@example.com", Changed = false }));
            Assert.That(withoutSeat.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden), "A seat is needed again.");
            Assert.That(
                events.Select(e => (e.Operation, e.Outcome, e.Administrator, IsGiven: e.Reason == "left")),
                Is.EqualTo(new[]
                {
                    ("patch", "refused", "admin@example.com", false), ("patch", "deactivated", "admin@example.com", true),
                    ("create", "created", null, false),
                }));
            Assert.That(byProvider.Status, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(
                (await portal.GetFromJsonAsync<PortalUserDetails>($"users/{jane.Id()}"))!.User.ActiveSetByHand,
                "The provider has changed something else.");
        }

        async Task<PortalUserChange?> Set(bool active, string reason) => await (await portal.PatchAsJsonAsync(
            $"users/{jane.Id()}", new PortalUserActivation { Active = active, Reason = reason }))
            .Content.ReadFromJsonAsync<PortalUserChange>();
    }

    [TestCase("""{"active":false,"reason":" "}""", HttpStatusCode.BadRequest)]
    [TestCase("""{"active":false}""", HttpStatusCode.BadRequest)]
    [TestCase("""{"active":false,"reason":null}""", HttpStatusCode.BadRequest)]
    [TestCase("""{"reason":"left"}""", HttpStatusCode.BadRequest)]
    [TestCase("""{"active":false,"reason":"left"}""", HttpStatusCode.NotFound)]
    public async Task An_invalid_change_by_hand_is_refused(string body, HttpStatusCode status)
    {
        using var portal = server.PortalOf(Account(seats: 1));
        var answer = await portal.Send("PATCH", $"users/{Guid.CreateVersion7()}", body);
        Assert.That(answer.Status, Is.EqualTo(status), answer.ToString());
    }

    [Test]
    public async Task A_user_of_another_account_is_not_found()
    {
        using var scim = server.ClientOf(Account(seats: 1));
        var jane = await scim.CreateUser("jane@example.com");
        using var portal = server.PortalOf(Account(seats: 1));
        Assert.That((await portal.Get($"users/{jane.Id()}")).Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(
            (await portal.GetFromJsonAsync<PortalUsers>($"users?after={jane.Id()}"))!.Users, Is.Empty);
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
