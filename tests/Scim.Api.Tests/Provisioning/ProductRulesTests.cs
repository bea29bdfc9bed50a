using System.Net;
using System.Text.Json.Nodes;
using Shared.Contracts;

namespace Scim.Api.Tests.Provisioning;

/// <summary>The rules of the setup guide, over HTTP.</summary>
[Parallelizable]
internal sealed class ProductRulesTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase("ann", "\"ann\" is not a valid one")]
    [TestCase("ann@", "must be an e-mail address")]
    [TestCase("@example.com", "must be an e-mail address")]
    [TestCase("ann@example", "must be an e-mail address")]
    [TestCase("ann lee@example.com", "must be an e-mail address")]
    [TestCase("ann@lee@example.com", "must be an e-mail address")]
    [TestCase("an\u200Bn@example.com", "U+200B", Description = "an invisible space")]
    [TestCase("\u202Eann@example.com", "U+202E", Description = "from right to left")]
    [TestCase("ann@exam\u00ADple.com", "U+00AD")]
    [TestCase("ann@-example.com", "must be an e-mail address")]
    [TestCase("ann@example..com", "must be an e-mail address")]
    [TestCase(".ann@example.com", "must be an e-mail address", Description = "RFC 5321 §4.1.2, Dot-string")]
    [TestCase("ann.@example.com", "must be an e-mail address")]
    [TestCase("ann..lee@example.com", "must be an e-mail address")]
    [TestCase(".@example.com", "must be an e-mail address")]
    [TestCase("ann@.example.com", "must be an e-mail address")]
    [TestCase("ann@example.com.", "must be an e-mail address")]
    [TestCase("ann@other.org", "other.org, which is not allowed")]
    [TestCase("ann@sub.example.com", "sub.example.com, which is not allowed")]
    [TestCase("ann@example.com.evil.org", "example.com.evil.org, which is not allowed")]
    public async Task A_userName_is_an_address_on_an_allowed_domain(string userName, string reason)
    {
        using var client = server.ClientOf(Account(domains: ["example.com", "example.net"]));
        var refused = await client.Post("Users", Requests.NewUser(userName));
        Assert.That(refused, Has.Property("Status").EqualTo(HttpStatusCode.BadRequest)
            .And.Property("ScimType").EqualTo("invalidValue").And.Property("Detail").Contains(reason));
    }

    [TestCase("ann@other.org")]
    [TestCase(".ann@other.org")]
    [TestCase("ann..lee@other.org")]
    [TestCase("ann lee@other.org")]
    [TestCase("ann@example.com@other.org")]
    public async Task Text_that_resembles_an_address_cannot_evade_the_domains_under_the_rfc_rules_either(string name)
    {
        var account = Account(domains: ["example.com"]);
        account.Policy = account.Policy with { AttributeRules = AttributeRuleSets.Rfc };
        using var client = server.ClientOf(account);
        var userName = await client.Post("Users", Requests.NewUser(name));
        var email = await client.Post(
            "Users", Requests.NewUser("ann", $$""","emails":[{"value":"{{name}}","type":"work"}]"""));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(userName.Detail, Does.Contain("other.org, which is not allowed"));
            Assert.That(email.Detail, Does.Contain("other.org, which is not allowed"));
            await client.CreateUser("ann@corp");
        }
    }

    [TestCase("ann@example.com")]
    [TestCase("ann.b.lee@example.com")]
    [TestCase("ANN@EXAMPLE.COM")]
    [TestCase("o'neil+tag@example.net")]
    [TestCase("jürgen@example.com")]
    public async Task Addresses_on_allowed_domains_are_stored_as_written(string userName)
    {
        using var client = server.ClientOf(Account(domains: ["example.com", "example.net"]));
        Assert.That((string)(await client.CreateUser(userName))["userName"]!, Is.EqualTo(userName));
    }

    [Test]
    public async Task Work_e_mail_addresses_must_be_on_an_allowed_domain_and_others_need_not()
    {
        using var client = server.ClientOf(Account(domains: ["example.com"]));
        var refused = await client.Post(
            "Users", Requests.NewUser("a@example.com", ""","emails":[{"value":"a@other.org","type":"work"}]"""));
        Assert.That(refused.Detail, Does.Contain("other.org"));
        await client.CreateUser("a@example.com", ""","emails":[{"value":"a@other.org","type":"home"}]""");
        await client.CreateUser(
            "b@example.com",
            ""","emails":[{"value":"a@other.org","type":"home"},{"value":"anything","type":"other"}]""");
    }

    [Test]
    public async Task No_method_evades_domains_and_seats()
    {
        var account = Account(
            domains: ["example.com"], licences: [new() { Product = "portal", Seats = 1, GivenToNewUsers = true }]);
        using var client = server.ClientOf(account);
        var ann = await client.CreateUser("ann@example.com");
        var bob = (await client.CreateUser("bob@example.com", ""","active":false""")).Id();
        const string Away = """{"op":"replace","path":"userName","value":"bob@other.org"}""";
        const string On = """{"op":"replace","path":"active","value":true}""";
        string PutOf(string name, string more) => Requests.NewUser(name, more);
        string Bulk(string method, string data) =>
            $$"""{"Operations":[{"method":"{{method}}","path":"/Users/{{bob}}","data":{{data}} }]}""";
        string PatchOf(string operation) => $$"""{"Operations":[{{operation}}]}""";
        var refusals = new[]
        {
            await client.Patch($"Users/{bob}", Away),
            await client.Put($"Users/{bob}", PutOf("bob@other.org", "")),
            (await client.Post("Bulk", Bulk("PATCH", PatchOf(Away)))).FirstOfBulk(),
            (await client.Post("Bulk", Bulk("PUT", PutOf("bob@other.org", "")))).FirstOfBulk(),
            await client.Patch($"Users/{bob}", On),
            await client.Put($"Users/{bob}", PutOf("bob@example.com", ""","active":true""")),
            (await client.Post("Bulk", Bulk("PATCH", PatchOf(On)))).FirstOfBulk(),
            (await client.Post("Bulk", Bulk("PUT", PutOf("bob@example.com", ""","active":true""")))).FirstOfBulk(),
        };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                refusals.Select(refused => (string)refused["status"]!),
                Is.EqualTo(new[] { "400", "400", "400", "400", "403", "403", "403", "403" }));
            Assert.That((string)(await client.Get($"Users/{bob}"))["meta"]!["version"]!, Is.EqualTo("W/\"1\""));
        }
        await client.Post("Bulk", $$"""{"Operations":[{"method":"PATCH","path":"/Users/{{ann.Id()}}","data":{"Operations":[{"op":"replace","value":{"active":false} }] } }]}""");
        Assert.That((await client.Patch($"Users/{bob}", On)).Status, Is.EqualTo(HttpStatusCode.OK), "the seat is free");
    }

    [Test]
    public async Task Names_are_unique_regardless_of_letter_case()
    {
        using var client = server.ClientOf(new TestAccount());
        var ann = await client.CreateUser(
            "Ann@Example.com", ""","emails":[{"value":"Work@Example.com","type":"work"}]""");
        var bob = await client.CreateUser("bob@example.com");
        var name = await client.Post(
            "Users", Requests.NewUser("ANN@example.com", ""","emails":[{"value":"x@example.com","type":"work"}]"""));
        var email = await client.Post(
            "Users", Requests.NewUser("x@example.com", ""","emails":[{"value":"WORK@example.com","type":"Work"}]"""));
        var put = await client.Put($"Users/{bob.Id()}", Requests.NewUser("ann@example.com"));
        var patch = await client.Patch(
            $"Users/{bob.Id()}",
            """{"op":"replace","path":"emails[type eq \"work\"].value","value":"work@EXAMPLE.com"}""");
        using (Assert.EnterMultipleScope())
        {
            foreach (var (conflict, what) in new[]
            {
                (name, "userName ANN@example.com"), (email, "work e-mail WORK@example.com"),
                (put, "userName ann@example.com"), (patch, "work e-mail work@EXAMPLE.com"),
            })
            {
                Assert.That(conflict, Has.Property("Status").EqualTo(HttpStatusCode.Conflict)
                    .And.Property("ScimType").EqualTo("uniqueness").And.Property("Detail").Contains(what));
            }
            Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.EqualTo(2));
            // One's own name in another letter case is no conflict.
            Assert.That(
                (await client.Patch($"Users/{ann.Id()}", """{"op":"replace","path":"userName","value":"ANN@EXAMPLE.COM"}""")).Status,
                Is.EqualTo(HttpStatusCode.OK));
            Assert.That(
                (await client.Patch($"Users/{ann.Id()}", """{"op":"replace","path":"emails[type eq \"work\"].value","value":"WORK@example.com"}""")).Status,
                Is.EqualTo(HttpStatusCode.OK));
        }
    }

    [Test]
    public async Task A_conflict_with_an_inactive_user_says_so()
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com", ""","active":false""")).Id();
        var conflict = await client.Post("Users", Requests.NewUser("ann@example.com"));
        Assert.That(conflict.Detail, Does.Contain("inactive").And.Contain(id).And.Contain("reactivate"));
    }

    [TestCase("""{"userName":"a@example.com","name":{"familyName":"Lee"}}""", "First name")]
    [TestCase("""{"userName":"a@example.com","name":{"givenName":"Ann"}}""", "Last name")]
    [TestCase("""{"userName":"a@example.com","name":{"givenName":"","familyName":"Lee"}}""", "First name")]
    [TestCase("""{"userName":"a@example.com","name":{"givenName":"Ann","familyName":null}}""", "Last name")]
    [TestCase("""{"userName":"a@example.com","name":{"givenName":"Ann","familyName":[{"value":""}]}}""", "Last name")]
    [TestCase("""{"userName":"a@example.com"}""", "First name")]
    public async Task First_and_last_name_are_required(string body, string named)
    {
        using var client = server.ClientOf(new TestAccount());
        Assert.That((await client.Post("Users", body)).Detail, Does.StartWith(named));
    }

    [TestCase("Ann", " ", "Ann", Description = "authentik sends a space for people who have one name")]
    [TestCase(" ", "Lee", "Lee")]
    [TestCase("Ann", "\u00A0", "Ann")]
    [TestCase("Ann", "\t", "Ann")]
    [TestCase("Ann", "-", "Ann -")]
    [TestCase(" ", " ", null)]
    public async Task A_name_of_spaces_is_a_name(string givenName, string familyName, string? displayName)
    {
        using var client = server.ClientOf(new TestAccount());
        var name = new JsonObject { ["givenName"] = givenName, ["familyName"] = familyName }.ToJsonString();
        var body = $$"""{"userName":"ann@example.com","name":{{name}} }""";
        var created = await client.Post("Users", body);
        var id = created.Json!.Id();
        var familiar = JsonValue.Create(familyName).ToJsonString();
        Answer[] answers =
        [
            created,
            await client.Put($"Users/{id}", body),
            await client.Patch($"Users/{id}", $$"""{"op":"replace","path":"name.familyName","value":{{familiar}}}"""),
            await client.Patch($"Users/{id}", $$"""{"op":"replace","value":{"name":{{name}} } }"""),
        ];
        using (Assert.EnterMultipleScope())
        {
            foreach (var answer in answers)
            {
                Assert.That((string?)answer["name"]?["familyName"], Is.EqualTo(familyName), answer.ToString());
                Assert.That((string?)answer["displayName"], Is.EqualTo(displayName));
            }
        }
    }

    [TestCase("""{"op":"remove","path":"name.givenName"}""", "First name")]
    [TestCase("""{"op":"replace","path":"name.familyName","value":""}""", "Last name")]
    [TestCase("""{"op":"remove","path":"name"}""", "First name")]
    public async Task First_and_last_name_are_not_cleared(string operation, string named)
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com")).Id();
        var refused = await client.Patch($"Users/{id}", operation);
        Assert.That(refused, Has.Property("ScimType").EqualTo("invalidValue").And.Property("Detail").StartsWith(named));
    }

    [Test]
    public async Task Absent_attributes_are_derived_from_others()
    {
        using var client = server.ClientOf(new TestAccount());
        var user = await client.CreateUser(
            "ann@example.com", ""","emails":[{"value":"h@x","type":"home","primary":true}]""");
        var cleared = await client.Patch(
            $"Users/{user.Id()}",
            """{"op":"replace","path":"displayName","value":""},{"op":"replace","path":"name.givenName","value":"Bea"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((string)user["displayName"]!, Is.EqualTo("Ann Lee"));
            Assert.That((bool)user["active"]!, Is.True);
            Assert.That(user["emails"]!.ToJsonString(), Is.EqualTo(
                """[{"value":"h@x","type":"home","primary":true},{"value":"ann@example.com","type":"work","primary":false}]"""));
            Assert.That((string)cleared["displayName"]!, Is.EqualTo("Bea Lee"));
        }
    }

    [Test]
    public async Task An_externalId_has_at_most_a_hundred_characters()
    {
        using var client = server.ClientOf(new TestAccount());
        await client.CreateUser("a@example.com", $",\"externalId\":\"{new string('x', 100)}\"");
        var refused = await client.Post(
            "Users", Requests.NewUser("b@example.com", $",\"externalId\":\"{new string('x', 101)}\""));
        Assert.That(refused, Has.Property("ScimType").EqualTo("invalidValue").And.Property("Detail").Contains("101"));
    }

    [Test]
    public async Task Seats_are_taken_released_and_taken_again()
    {
        using var client = server.ClientOf(Account(licences:
        [
            new() { Product = "portal", Seats = 1, GivenToNewUsers = true },
            new() { Product = "analytics", Seats = 0, GivenToNewUsers = false },
        ]));
        var ann = (await client.CreateUser("ann@example.com")).Id();
        var refused = await client.Post("Users", Requests.NewUser("bob@example.com"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.Forbidden));
            Assert.That(refused.Detail, Does.Contain("portal").And.Contain("all 1"));
            Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.EqualTo(1), "nothing was created");
        }

        var bob = (await client.CreateUser("bob@example.com", ""","active":false""")).Id();
        var tooEarly = await client.Patch($"Users/{bob}", """{"op":"replace","value":{"active":true}}""");
        await client.Patch($"Users/{ann}", """{"op":"replace","value":{"active":false}}""");
        var inTime = await client.Patch($"Users/{bob}", """{"op":"replace","value":{"active":true}}""");
        var tooLate = await client.Put($"Users/{ann}", Requests.NewUser("ann@example.com", ""","active":true"""));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tooEarly.Status, Is.EqualTo(HttpStatusCode.Forbidden));
            Assert.That((bool)inTime["active"]!, Is.True);
            Assert.That(tooLate.Status, Is.EqualTo(HttpStatusCode.Forbidden));
            Assert.That((bool)(await client.Get($"Users/{ann}"))["active"]!, Is.False);
        }

        await client.Delete($"Users/{bob}");
        Assert.That(
            (await client.Patch($"Users/{ann}", """{"op":"replace","value":{"active":true}}""")).Status,
            Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task An_inactive_user_can_be_read_found_and_changed()
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com")).Id();
        var off = await client.Patch($"Users/{id}", """{"op":"replace","value":{"active":false}}""");
        var found = await client.Get("Users?filter=userName eq \"ann@example.com\"");
        var changed = await client.Patch($"Users/{id}", """{"op":"replace","path":"title","value":"Dr"}""");
        var on = await client.Patch($"Users/{id}", """{"op":"Replace","path":"active","value":"True"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((bool)off["active"]!, Is.False);
            Assert.That((string)found["Resources"]![0]!["id"]!, Is.EqualTo(id));
            Assert.That((bool)found["Resources"]![0]!["active"]!, Is.False);
            Assert.That((bool)changed["active"]!, Is.False);
            Assert.That(on.Json!.Id(), Is.EqualTo(id));
            Assert.That((bool)on["active"]!, Is.True);
        }
    }

    [Test]
    public async Task Newer_rules_do_not_prevent_a_deactivation()
    {
        var account = Account(rules: AttributeRuleSets.Rfc);
        using var client = server.ClientOf(account);
        var id = ((await client.Post("Users", """{"userName":"ann"}""")).Json!).Id();
        account.Policy = account.Policy with { AttributeRules = AttributeRuleSets.Guide, Domains = ["example.com"] };
        var off = await client.Patch($"Users/{id}", """{"op":"replace","value":{"active":false}}""");
        var on = await client.Patch($"Users/{id}", """{"op":"replace","value":{"active":true}}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(off.Status, Is.EqualTo(HttpStatusCode.OK), off.ToString());
            Assert.That(on.ScimType, Is.EqualTo("invalidValue"));
        }
    }

    [Test]
    public async Task With_the_rfc_rules_users_need_neither_an_address_nor_a_name()
    {
        using var client = server.ClientOf(Account(rules: AttributeRuleSets.Rfc, domains: ["example.com"]));
        var ann = await client.Post("Users", """{"userName":"ann"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ann.Status, Is.EqualTo(HttpStatusCode.Created), ann.ToString());
            Assert.That(ann["emails"], Is.Null);
            Assert.That(ann["displayName"], Is.Null);
            Assert.That(
                (await client.Post("Users", """{"userName":"ANN"}""")).Status, Is.EqualTo(HttpStatusCode.Conflict));
            Assert.That(
                (await client.Post("Users", """{"userName":"a@other.org"}""")).ScimType, Is.EqualTo("invalidValue"));
            foreach (var name in new[] { "b", "c" })
            {
                var shared = await client.Post(
                    "Users", $$"""{"userName":"{{name}}","emails":[{"value":"team@example.com","type":"work"}]}""");
                Assert.That(shared.Status, Is.EqualTo(HttpStatusCode.Created), shared.ToString());
            }
        }
    }

    private static TestAccount Account(
        string rules = AttributeRuleSets.Guide, string[]? domains = null, AccountPolicy.Licence[]? licences = null)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            AttributeRules = rules,
            Domains = domains ?? [],
            Licences = licences ?? [],
        };
        return account;
    }
}
