using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Users;
using Shared.Contracts;

namespace Scim.Api.Tests.Users;

/// <summary>The display name follows the names, and the work e-mail the userName, until a client sets them.</summary>
[Parallelizable]
[Category("Slow")]
internal sealed class DerivedAttributeTests
{
    private const string Rename = """{"op":"Replace","path":"userName","value":"new@example.com"}""";
    private const string Marry = """{"op":"Replace","path":"name.familyName","value":"Ray"}""";

    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    // The create besides userName (old@example.com) and names (Ann Lee), the operations of successive PATCHes
    // (separated by bars), and the result.
    [TestCase("", "N", "new@example.com")]
    [TestCase("", """{"op":"replace","value":{"userName":"new@example.com"}}""", "new@example.com")]
    [TestCase("W old@example.com", "N", "old@example.com", Description = "a create sets any value")]
    [TestCase("W mine@x.org", "N", "mine@x.org")]
    [TestCase("", "E old@example.com,N", "new@example.com", Description = "an echo sets nothing")]
    [TestCase("", "N,E old@example.com", "new@example.com")]
    [TestCase("", "E OLD@example.com|N", "OLD@example.com", Description = "another letter case is another value")]
    [TestCase("", "E mine@x.org|N", "mine@x.org")]
    [TestCase("", "N,E new@example.com|O", "new@example.com", Description = "the new address was sent")]
    [TestCase("W mine@x.org", "R|N", "new@example.com", Description = "cleared, and derived again")]
    [TestCase("W mine@x.org", "N,R", "new@example.com")]
    [TestCase("W old@example.com", "R|N", "new@example.com", Description = "cleared, though nothing seems to change")]
    [TestCase("W mine@x.org", """{"op":"remove","path":"emails"}|N""", "new@example.com")]
    [TestCase("W mine@x.org", """{"op":"Replace","path":"emails[type eq \"work\"].value","value":""}|N""", "new@example.com")]
    [TestCase("", """{"op":"add","path":"emails","value":[{"value":"h@x.org","type":"home"}]}|N""", "new@example.com h@x.org")]
    [TestCase("", """{"op":"add","path":"emails","value":[{"value":"w@x.org","type":"work"}]}|N""", "new@example.com w@x.org")]
    [TestCase("", """{"op":"replace","path":"emails[type eq \"work\"].primary","value":false}|N""", "new@example.com")]
    [TestCase("", """{"op":"add","path":"emails","value":[{"value":"new@example.com","type":"work"}]}|N|O""", "new@example.com")]
    [TestCase("", "D|N", "new@example.com", Description = "a soft-deleted user")]
    [TestCase("", "D,N", "new@example.com")]
    [TestCase("", "D,N|A,O", "old@example.com", Description = "and restored")]
    [TestCase("W mine@x.org", "D,N", "mine@x.org")]
    [TestCase("", "N|O|N", "new@example.com")]
    public async Task Work_email(string create, string patches, string emails)
    {
        var more = create == "" ? "" : $$""","emails":[{"value":"{{create[2..]}}","type":"work"}]""";
        foreach (var rules in new[] { AttributeRuleSets.Guide, AttributeRuleSets.Rfc })
        {
            // Under the rules of the RFC alone, no work e-mail is derived for users without one.
            if (rules == AttributeRuleSets.Rfc && (create == "" || patches.Contains('R', StringComparison.Ordinal) || patches.Contains("remove", StringComparison.Ordinal) || patches.Contains("\"\"", StringComparison.Ordinal)))
                continue;
            using var client = server.ClientOf(Account(rules));
            var user = await client.CreateUser("old@example.com", more);
            user = await Patch(client, user, patches);
            Assert.That(
                user["emails"]!.AsArray().Select(email => (string)email!["value"]!).Order(StringComparer.Ordinal),
                Is.EqualTo(emails.Split(' ').Order(StringComparer.Ordinal)), rules);
        }
    }

    [TestCase("", "M", "Ann Ray")]
    [TestCase("", """{"op":"replace","value":{"name.familyName":"Ray"}}""", "Ann Ray")]
    [TestCase("", """{"op":"replace","path":"name","value":{"familyName":"Ray"}}""", "Ann Ray")]
    [TestCase("Ann Lee", "M", "Ann Lee", Description = "a create sets any value")]
    [TestCase("The boss", "M", "The boss")]
    [TestCase("", "S Ann Lee,M", "Ann Ray", Description = "an echo sets nothing")]
    [TestCase("", "S Ann Lee|M", "Ann Ray")]
    [TestCase("", "S ann lee|M", "ann lee")]
    [TestCase("", "S Boss|M", "Boss")]
    [TestCase("", "M,S Ann Ray|L", "Ann Ray", Description = "the new name was sent")]
    [TestCase("Boss", "C|M", "Ann Ray", Description = "cleared, and derived again")]
    [TestCase("Ann Lee", "C|M", "Ann Ray", Description = "cleared, though nothing seems to change")]
    [TestCase("Boss", "S |M", "Ann Ray")]
    [TestCase("Boss", "M,C", "Ann Ray")]
    [TestCase("", "D|M", "Ann Ray")]
    [TestCase("", "D,M", "Ann Ray")]
    [TestCase("Boss", "D,M", "Boss")]
    public async Task Display_name(string create, string patches, string displayName)
    {
        foreach (var rules in new[] { AttributeRuleSets.Guide, AttributeRuleSets.Rfc })
        {
            using var client = server.ClientOf(Account(rules));
            var user = await client.CreateUser(
                "old@example.com", create == "" ? "" : $",\"displayName\":\"{create}\"");
            user = await Patch(client, user, patches);
            Assert.That((string?)user["displayName"], Is.EqualTo(displayName), rules);
        }
    }

    /// <summary>Okta reads a user, changes some attributes, and sends the whole user back.</summary>
    [TestCase(AttributeRuleSets.Guide)]
    [TestCase(AttributeRuleSets.Rfc)]
    public async Task A_PUT_of_what_was_read_sets_nothing(string rules)
    {
        var account = Account(AttributeRuleSets.Guide);
        using var client = server.ClientOf(account);
        var user = await client.CreateUser("old@example.com");
        account.Policy = account.Policy with { AttributeRules = rules };
        for (var i = 0; i < 2; i++)
        {
            (user["userName"], user["name"]!["familyName"]) = ($"new{i}@example.com", $"Ray{i}");
            user = (await client.Put($"Users/{user.Id()}", user.ToJsonString())).Json!;
            using (Assert.EnterMultipleScope())
            {
                Assert.That((string)user["displayName"]!, Is.EqualTo($"Ann Ray{i}"));
                Assert.That((string)user["emails"]!.AsArray().Single()!["value"]!, Is.EqualTo($"new{i}@example.com"));
            }
        }
        // The same in a bulk request. A PUT without them lets the server derive them again.
        user["displayName"] = "Boss";
        user = (await client.Put($"Users/{user.Id()}", user.ToJsonString())).Json!;
        user.Remove("displayName");
        await client.Post("Bulk", $$"""{"Operations":[{"method":"PUT","path":"/Users/{{user.Id()}}","data":{{user.ToJsonString()}} }]}""");
        Assert.That((string)(await client.Get($"Users/{user.Id()}"))["displayName"]!, Is.EqualTo("Ann Ray1"));
    }

    [Test]
    public async Task The_second_step_of_a_bulk_create_sets_nothing()
    {
        using var client = server.ClientOf(Account());
        // Each is the other's manager, so that one has to be completed by a PUT.
        string Post(string id, string manager) =>
            $$"""{"method":"POST","path":"/Users","bulkId":"{{id}}","data":{"userName":"{{id}}@example.com","name":{"givenName":"Ann","familyName":"Lee"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"bulkId:{{manager}}"} } } }""";
        await client.Post("Bulk", $$"""{"Operations":[{{Post("a", "b")}},{{Post("b", "a")}}]}""");
        foreach (var user in (await client.Get("Users"))["Resources"]!.AsArray())
        {
            var changed = await client.Patch($"Users/{user!.AsObject().Id()}", $"{Marry},{Rename.Replace("new", (string)user["userName"]!, StringComparison.Ordinal).Replace("@example.com@", "@", StringComparison.Ordinal)}");
            using (Assert.EnterMultipleScope())
            {
                Assert.That((string)changed["displayName"]!, Is.EqualTo("Ann Ray"), changed.ToString());
                Assert.That((string)changed["emails"]![0]!["value"]!, Is.EqualTo((string)changed["userName"]!));
            }
        }
    }

    [Test]
    public async Task For_a_restored_user_the_create_counts_as_set_by_the_client()
    {
        var account = Account();
        account.Policy = account.Policy with { RestoreInactive = true };
        using var client = server.ClientOf(account);
        await client.CreateUser("old@example.com", ""","active":false,"displayName":"Boss" """);
        var user = await client.CreateUser("old@example.com", ""","emails":[{"value":"old@example.com","type":"work"}]""");
        user = await Patch(client, user, "M,N");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((string)user["displayName"]!, Is.EqualTo("Ann Ray"));
            Assert.That((string)user["emails"]![0]!["value"]!, Is.EqualTo("old@example.com"));
        }
    }

    /// <summary>The portal and the import have one address, which is also the userName.</summary>
    [TestCase(true, AttributeRuleSets.Guide)]
    [TestCase(false, AttributeRuleSets.Guide)]
    [TestCase(true, AttributeRuleSets.Rfc)]
    public async Task Users_added_by_SciLeads_have_one_address(bool byPortal, string rules)
    {
        var account = Account(rules);
        using var client = server.ClientOf(account);
        var person = new NewPortalUser { Email = "old@example.com", FirstName = "Ann", LastName = "Lee" };
        if (byPortal)
        {
            using var portal = server.PortalOf(account);
            (await portal.PostAsJsonAsync("users", person)).EnsureSuccessStatusCode();
        }
        else
        {
            await UserImport.Import(
                server.Services, new Caller(account.Policy, null, null, ImmutableHashSet<string>.Empty),
                [new(1, person, null)], default);
        }
        var user = (await client.Get("Users"))["Resources"]![0]!.AsObject();
        user = await Patch(client, user, "M,N");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((string)user["displayName"]!, Is.EqualTo("Ann Ray"));
            Assert.That((string)user["emails"]!.AsArray().Single()!["value"]!, Is.EqualTo("new@example.com"));
        }
        await client.CreateUser("old@example.com");
    }

    [Test]
    public async Task The_old_address_is_free_for_the_next_hire()
    {
        using var client = server.ClientOf(Account());
        var id = (await client.CreateUser("old@example.com")).Id();
        var hire = Requests.NewUser("x@example.com", ""","emails":[{"value":"old@example.com","type":"work"}]""");
        Assert.That((await client.Post("Users", hire)).Status, Is.EqualTo(HttpStatusCode.Conflict));
        await client.Patch($"Users/{id}", """{"op":"Replace","path":"active","value":"False"}""");
        await client.Patch(
            $"Users/{id}", Rename.Replace("new", "0123456789abcdef0123456789abcdefold", StringComparison.Ordinal));
        Assert.That((await client.Post("Users", hire)).Status, Is.EqualTo(HttpStatusCode.Created));
        await client.CreateUser("old@example.com", ""","emails":[{"value":"y@example.com","type":"work"}]""");
    }

    [TestCase("old@example.com", "Ann Lee", "new@example.com", "Ann Ray")]
    [TestCase("mine@x.org", "Boss", "mine@x.org", "Boss")]
    public async Task For_older_users_values_that_could_be_derived_count_as_derived(
        string email, string displayName, string emailThen, string displayNameThen)
    {
        var account = Account();
        using var client = server.ClientOf(account);
        var user = await client.CreateUser(
            "old@example.com", $$""","displayName":"{{displayName}}","emails":[{"value":"{{email}}","type":"work"}]""");
        await using (var scope = server.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<ScimDbContext>().UsersOf(account.Id).ExecuteUpdateAsync(
                users =>
                    users.SetProperty(u => u.HasSetDisplayName, (bool?)null).SetProperty(
                        u => u.HasSetWorkEmail, (bool?)null));
        }
        user = await Patch(client, user, "M,N");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((string)user["displayName"]!, Is.EqualTo(displayNameThen));
            Assert.That((string)user["emails"]!.AsArray().Single()!["value"]!, Is.EqualTo(emailThen));
        }
    }

    [Test]
    public async Task Under_other_rules_a_work_email_that_is_no_longer_an_address_is_removed()
    {
        var account = Account();
        using var client = server.ClientOf(account);
        var user = await client.CreateUser("old@example.com");
        account.Policy = account.Policy with { AttributeRules = AttributeRuleSets.Rfc };
        user = await Patch(client, user, """{"op":"replace","path":"userName","value":"ann"}""");
        Assert.That(user["emails"], Is.Null);
    }

    [Test]
    public async Task A_rename_to_an_address_in_use_is_refused_and_a_soft_delete_keeps_the_old_address()
    {
        var account = Account();
        using var client = server.ClientOf(account);
        await client.CreateUser("x@example.com", ""","emails":[{"value":"new@example.com","type":"work"}]""");
        var id = (await client.CreateUser("old@example.com")).Id();
        var refused = await client.Patch($"Users/{id}", Rename);
        Assert.That(refused.Detail, Does.StartWith("The work e-mail new@example.com belongs to"));

        var off = await client.Patch($"Users/{id}", $$"""{{Rename}},{"op":"replace","path":"active","value":false}""");
        var title = await client.Patch($"Users/{id}", """{"op":"replace","path":"title","value":"Dr"}""");
        var next = await client.Patch($"Users/{id}", Rename.Replace("new", "next", StringComparison.Ordinal));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((string)off["userName"]!, Is.EqualTo("new@example.com"));
            Assert.That((string)off["emails"]![0]!["value"]!, Is.EqualTo("old@example.com"));
            Assert.That(title.Status, Is.EqualTo(HttpStatusCode.OK), title.ToString());
            Assert.That(
                (string)next["emails"]!.AsArray().Single()!["value"]!, Is.EqualTo("next@example.com"),
                "it still follows");
        }
    }

    private static async Task<JsonObject> Patch(HttpClient client, JsonObject user, string patches)
    {
        foreach (var patch in patches.Split('|'))
        {
            var operations = patch.StartsWith('{') ? patch : string.Join(',', patch.Split(',').Select(Operation));
            var answer = await client.Patch($"Users/{user.Id()}", operations);
            Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), $"{patch}: {answer}");
            user = answer.Json!;
        }
        return user;
    }

    private static string Operation(string name) => name[0] switch
    {
        'N' => Rename,
        'O' => Rename.Replace("new", "old", StringComparison.Ordinal),
        'M' => Marry,
        'L' => Marry.Replace("Ray", "Lee", StringComparison.Ordinal),
        'E' => $$"""{"op":"Replace","path":"emails[type eq \"work\"].value","value":"{{name[2..]}}"}""",
        'R' => """{"op":"Remove","path":"emails[type eq \"work\"]"}""",
        'S' => $$"""{"op":"Replace","path":"displayName","value":"{{name[2..]}}"}""",
        'C' => """{"op":"Remove","path":"displayName"}""",
        'D' => """{"op":"Replace","path":"active","value":"False"}""",
        'A' => """{"op":"Replace","path":"active","value":"True"}""",
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };

    private static TestAccount Account(string rules = AttributeRuleSets.Guide)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { AttributeRules = rules };
        return account;
    }
}
