using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users;
using Shared.Contracts;

namespace Scim.Api.Tests.Provisioning;

/// <summary>What the log tells an administrator: every write and every refusal.</summary>
[Parallelizable]
internal sealed class ProvisioningEventTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task Each_write_leaves_an_event_that_says_who_did_what()
    {
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        var id = (await client.CreateUser("ann@example.com")).Id();
        await client.Patch($"Users/{id}", """{"op":"replace","path":"title","value":"Dr"}""");
        await client.Patch($"Users/{id}", """{"op":"replace","path":"active","value":false}""");
        await client.Put($"Users/{id}", Requests.NewUser("ann@example.org", ""","active":true,"title":"Dr" """));
        await client.Delete($"Users/{id}");
        var events = await EventsOf(account);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events.Select(e => $"{e.Operation} {e.Outcome} {e.Status} {e.UserName}"), Is.EqualTo(
            [
                "create created 201 ann@example.com",
                "patch updated 200 ann@example.com",
                "patch deactivated 200 ann@example.com",
                "replace reactivated 200 ann@example.org",
                "delete deleted 204 ann@example.org",
            ]));
            Assert.That(events.Select(e => e.Changed), Is.EqualTo(
            [
                "userName name.givenName name.familyName active displayName emails", "title", "active",
                "userName active emails", "",
            ]));
            Assert.That(events, Has.All.Property("UserId").EqualTo(Guid.Parse(id)));
            Assert.That(events, Has.All.Property("CredentialSetId").EqualTo(account.SetId));
            Assert.That(events, Has.All.Property("Administrator").Null.And.Property("Reason").Null);
            Assert.That(events.Select(e => e.RequestId), Is.Unique.And.All.Not.Empty);
        }
    }

    [Test]
    public async Task A_create_that_restores_a_user_says_so()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { RestoreInactive = true };
        using var client = server.ClientOf(account);
        var id = (await client.CreateUser("ann@example.com", ""","active":false""")).Id();
        await client.CreateUser("ann@example.com", ""","title":"Dr" """);
        var restored = (await EventsOf(account))[^1];
        Assert.That(
            (restored.Operation, restored.Outcome, restored.Status, $"{restored.UserId}", restored.Changed),
            Is.EqualTo(("create", "restored", 201, id, "active title")));
    }

    [Test]
    public async Task An_event_never_contains_values()
    {
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        var id = (await client.CreateUser("ann@example.com", ""","nickName":"Secret","password":"Hidden" """)).Id();
        await client.Patch($"Users/{id}", """{"op":"replace","path":"nickName","value":"Secret too"}""");
        Assert.That(await EventsOf(account), Has.None.Matches<ProvisioningEvent>(
            e =>
                $"{e}".Contains("Secret", StringComparison.Ordinal)
                    || $"{e}".Contains("Hidden", StringComparison.Ordinal)));
    }

    [Test]
    public async Task A_write_in_the_portal_names_the_administrator()
    {
        var account = new TestAccount();
        using var portal = server.PortalOf(account);
        await portal.PostAsJsonAsync(
            "users", new NewPortalUser { Email = "eve@example.com", FirstName = "Eve", LastName = "Ray" });
        await portal.PostAsJsonAsync("users", new NewPortalUser { Email = "bob@example.com", LastName = "Ray" });
        var events = await EventsOf(account);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events.Select(e => $"{e.Outcome} {e.UserName}"), Is.EqualTo(
                ["created eve@example.com", "refused bob@example.com"]));
            Assert.That(events, Has.All.Property("Administrator").EqualTo("admin@example.com"));
            Assert.That(events, Has.All.Property("AdministratorId").Not.Null.And.Property("CredentialSetId").Null);
        }
    }

    [Test]
    public async Task An_import_is_attributed_to_SciLeads_and_refused_rows_leave_events()
    {
        var account = new TestAccount();
        var caller = new Caller(account.Policy, null, null, ImmutableHashSet<string>.Empty);
        var rows = UserImport.Read(
            new StringReader("email,firstName,lastName\nann@example.com,Ann,Lee\nbob@example.com,,Lee\n"));
        await UserImport.Import(server.Services, caller, rows, default);
        var events = await EventsOf(account);
        Assert.That(
            events.Select(e => $"{e.Operation} {e.Outcome} {e.UserName}"),
            Is.EqualTo(["create created ann@example.com", "create refused bob@example.com"]));
        Assert.That(events, Has.All.Property("CredentialSetId").Null.And.Property("Administrator").Null);
    }

    [TestCase("PATCH", """{"schemas":[],"Operations":[{"op":"replace","path":"active","value":true}]}""")]
    [TestCase("PATCH", """{"schemas":[],"Operations":[{"op":"add","path":"emails","value":[{"value":"ann@example.com","type":"work"}]}]}""")]
    [TestCase("PATCH", """{"schemas":[],"Operations":[{"op":"remove","path":"nickName"}]}""")]
    [TestCase("PATCH", """{"schemas":[],"Operations":[{"op":"Replace","value":{"displayName":"Ann Lee","id":"other"}}]}""")]
    [TestCase("PUT", """{"userName":"ann@example.com","name":{"givenName":"Ann","familyName":"Lee"}}""")]
    [TestCase("PUT", """{"id":"x","userName":"ann@example.com","name":{"familyName":"Lee","givenName":"Ann"},"active":"True","title":""}""")]
    public async Task A_write_that_changes_nothing_leaves_no_event_and_no_new_version(string method, string body)
    {
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        var before = await client.CreateUser("ann@example.com");
        var answer = await client.Send(method, $"Users/{before.Id()}", body);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), answer.ToString());
            Assert.That(answer["meta"]!.ToJsonString(), Is.EqualTo(before["meta"]!.ToJsonString()));
            Assert.That((await EventsOf(account)).Select(e => e.Outcome), Is.EqualTo(["created"]));
        }
    }

    [TestCase("POST", "Users", """{"userName":"jane@other.org","name":{"givenName":"J","familyName":"D"}}""", "create 400 invalidValue jane@other.org", "is on the domain other.org")]
    [TestCase("POST", "Users", """{"USERNAME":"jane@example.com"}""", "create 400 invalidValue jane@example.com", "First name")]
    [TestCase("POST", "Users", """{"userName":"ANN@example.com","name":{"givenName":"J","familyName":"D"}}""", "create 409 uniqueness ANN@example.com", "belongs to another user")]
    [TestCase("POST", "Users", """{"userName":"jane@example.com","name":{"givenName":"J","familyName":"D"}}""", "create 403  jane@example.com", "No seat of the product portal is left")]
    [TestCase("POST", "Users", """{"userName":""", "create 400 invalidSyntax ", "not well-formed JSON")]
    [TestCase("PUT", "Users/{ann}", """{"userName":"ann"}""", "replace 400 invalidValue ann@example.com", "e-mail address")]
    [TestCase("PATCH", "Users/{ann}", """{"Operations":[{"op":"replace","path":"nothing","value":"x"}]}""", "patch 400 invalidPath ann@example.com", "nothing is not an attribute")]
    [TestCase("PUT", "Users/0193f3b0-0000-7000-8000-000000000000", """{"userName":"joe@example.com"}""", "replace 404  joe@example.com", "does not exist")]
    [TestCase("DELETE", "Users/0193f3b0-0000-7000-8000-000000000000", null, "delete 404  ", "does not exist")]
    [TestCase("GET", "Users?filter=nothing+eq+1", null, "read 400 invalidFilter ", "nothing")]
    [TestCase("GET", "Users?filter=title+eq+%22%00%22", null, "read 400 invalidFilter ", null)]
    [TestCase("POST", "Groups", """{"displayName":"g"}""", "create 501  ", "Groups are not supported")]
    [TestCase("POST", "Users/.search", "{", "read ", null)]
    public async Task A_refusal_leaves_an_event_with_the_reason(
        string method, string path, string? body, string expected, string? reason)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            Domains = ["example.com"],
            Licences = [new() { Product = "portal", Seats = 1, GivenToNewUsers = true }],
        };
        using var client = server.ClientOf(account);
        var id = (await client.CreateUser("ann@example.com")).Id();
        var answer = await client.Send(method, path.Replace("{ann}", id, StringComparison.Ordinal), body);
        var refused = (await EventsOf(account)).Skip(1).ToList();
        Assert.That(refused, Has.Count.EqualTo(1), answer.ToString());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                $"{refused[0].Operation} {refused[0].Status} {refused[0].ScimType} {refused[0].UserName}",
                Does.StartWith(expected));
            Assert.That(refused[0].Outcome, Is.EqualTo(ProvisioningOutcomes.Refused));
            Assert.That(refused[0].Status, Is.EqualTo((int)answer.Status));
            Assert.That(refused[0].Reason, Is.EqualTo(answer.Detail?.Replace('\0', '\uFFFD')));
            Assert.That(refused[0].Reason, Does.Contain(reason ?? ""));
            Assert.That(refused[0].CredentialSetId, Is.EqualTo(account.SetId));
            Assert.That(
                refused[0].UserId?.ToString(),
                path.Contains("{ann}", StringComparison.Ordinal) ? Is.EqualTo(id) : Is.Not.EqualTo(id));
        }
    }

    [Test]
    public async Task A_stale_version_leaves_an_event_of_the_user()
    {
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        var id = (await client.CreateUser("ann@example.com")).Id();
        await client.Patch(
            $"Users/{id}", """{"op":"replace","path":"title","value":"Dr"}""", ("If-Match", "W/\"7\""));
        var refused = (await EventsOf(account))[^1];
        Assert.That((refused.Status, refused.UserName, refused.Changed), Is.EqualTo((412, "ann@example.com", "")));
    }

    [TestCase("Users/0193f3b0-0000-7000-8000-000000000000")]
    [TestCase("Groups/1")]
    [TestCase("Users?filter=userName+eq+%22nobody%22")]
    public async Task A_read_that_finds_nothing_leaves_no_event(string path)
    {
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        await client.Get(path);
        Assert.That(await EventsOf(account), Is.Empty);
    }

    [Test]
    public async Task Reads_by_the_portal_leave_no_event()
    {
        var account = new TestAccount();
        using var portal = server.PortalOf(account);
        Assert.That((await portal.Get("users/nothing")).Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That((await portal.Get("events?outcome=nonsense")).Status, Is.EqualTo(HttpStatusCode.BadRequest));
        account.Policy = account.Policy with { Suspended = true };
        Assert.That((await portal.Get("users")).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await EventsOf(account), Is.Empty);
    }

    [Test]
    public async Task An_account_without_SCIM_sees_the_refusal_in_its_log()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { ScimEnabled = false };
        using var client = server.ClientOf(account);
        await client.Post("Users", Requests.NewUser("ann@example.com"));
        Assert.That(
            await EventsOf(account), Has.One.Property("Status").EqualTo(403).And.Property("Reason")
                .Contain("not enabled"));
    }

    [Test]
    public async Task A_long_reason_and_name_are_truncated_at_a_whole_character()
    {
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        var longName = "a" + string.Concat(Enumerable.Repeat("\U0001F600", 1000));
        await client.Post("Users", Requests.NewUser(longName));
        var refused = (await EventsOf(account)).Single();
        Assert.That(refused.UserName, Is.EqualTo(longName[..253]));
    }

    [Test]
    public async Task An_event_that_cannot_be_written_does_not_prevent_the_response()
    {
        await using var broken = await ScimServer.Start();
        using var client = broken.ClientOf(new TestAccount());
        await client.CreateUser("ann@example.com");
        await using (var scope = broken.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Database
                .ExecuteSqlAsync($"""DROP TABLE "ProvisioningEvents" """);
        }
        var answer = await client.Post("Users", "{}");
        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(answer.Detail, Does.Contain("userName is required"));
        Assert.That(broken.Logs.AtLeast(LogLevel.Error), Has.Some.Contain("provisioning log"));

        var write = await client.Post("Users", Requests.NewUser("bob@example.com"));
        Assert.That(write.Status, Is.EqualTo(HttpStatusCode.InternalServerError));
        Assert.That(
            (int)(await client.Get("Users"))["totalResults"]!, Is.EqualTo(1), "there is no write without its event");
    }

    private async Task<List<ProvisioningEvent>> EventsOf(TestAccount account)
    {
        await using var scope = server.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<ScimDbContext>().EventsOf(account.Id).AsNoTracking()
            .OrderBy(e => e.Time).ThenBy(e => e.Id).ToListAsync();
    }
}
