using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users;

namespace Scim.Api.Tests.Provisioning;

/// <summary>
/// How large a user may become, by every way of writing it. Other tests show that deactivations are never refused for it.
/// </summary>
[Parallelizable]
[Category("AnyDatabase")]
internal sealed class SizeLimitTests
{
    private const string Extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    private static IEnumerable<TestCaseData> TooLarge()
    {
        static TestCaseData Case(string name, string attribute, JsonNode value, string reason) =>
            new TestCaseData(attribute, value, reason).SetArgDisplayNames(name);
        const int Over = SizeLimits.MaxText + 1;
        yield return Case(
            "a display name of a megabyte", "displayName", new string('x', 1_000_000), "displayName has 1000000");
        yield return Case(
            "a long title", "title", Text(Over), $"title has {Over} characters; at most {SizeLimits.MaxText}");
        yield return Case(
            "a long title of wide characters", "title", string.Concat(Enumerable.Repeat("\U0001F600", Over)),
            $"{Over} char");
        yield return Case(
            "a long part of a name", "name",
            new JsonObject { ["formatted"] = Text(Over), ["givenName"] = "A", ["familyName"] = "L" },
            "name.formatted has");
        yield return Case("a long page", "profileUrl", "https://example.com/" + Text(Over), "profileUrl has");
        yield return Case(
            "a long address", "addresses", new JsonArray(new JsonObject { ["formatted"] = Text(Over) }),
            "addresses has");
        yield return Case(
            "a long role", "roles",
            new JsonArray(new JsonObject { ["value"] = "ok" }, new JsonObject { ["value"] = Text(Over) }), "roles has");
        yield return Case(
            "a long department", Extension, new JsonObject { ["department"] = Text(Over) }, "department has");
        yield return Case(
            "a long manager", Extension, new JsonObject { ["manager"] = new JsonObject { ["value"] = Text(Over) } },
            "manager has");
        yield return Case(
            "a large certificate", "x509Certificates",
            new JsonArray(new JsonObject { ["value"] = new string('A', SizeLimits.MaxBinary + 4) }),
            "x509Certificates has");
        yield return Case("many large values", "addresses", Addresses(9), "bytes; at most 65536");
        yield return Case("a long name", "userName", Text(243) + "@example.com", "userName has 255");
        yield return Case(
            "a long e-mail", "emails", new JsonArray(new JsonObject { ["value"] = Text(321) }), "at most 320");
        yield return Case(
            "501 values", "phoneNumbers",
            new JsonArray([.. Enumerable.Range(0, 501).Select(JsonNode? (i) => new JsonObject { ["value"] = $"{i}" })]),
            "501 values");
    }

    [TestCaseSource(nameof(TooLarge))]
    public async Task Large_values_are_refused_and_nothing_is_changed(
        string attribute, JsonNode value, string reason)
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com")).Id();
        string User(string userName)
        {
            var user = JsonNode.Parse(Requests.NewUser(userName))!.AsObject();
            user[attribute] = value.DeepClone();
            return user.ToJsonString();
        }
        var patch =
            new JsonObject { ["op"] = "add", ["value"] = new JsonObject { [attribute] = value.DeepClone() } }
                .ToJsonString();
        Answer[] answers =
        [
            await client.Post("Users", User("bea@example.com")),
            await client.Put($"Users/{id}", User("ann@example.com")),
            await client.Patch($"Users/{id}", patch),
        ];
        using (Assert.EnterMultipleScope())
        {
            foreach (var answer in answers)
            {
                Assert.That(answer, Has.Property("Status").EqualTo(HttpStatusCode.BadRequest)
                    .And.Property("ScimType").EqualTo("invalidValue"));
            }
            Assert.That(answers[0].Detail, Does.Contain(reason));
            Assert.That((string)(await client.Get($"Users/{id}"))["meta"]!["version"]!, Is.EqualTo("W/\"1\""));
            Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.EqualTo(1));
        }
    }

    [Test]
    public async Task Values_that_just_fit_are_stored()
    {
        using var client = server.ClientOf(new TestAccount());
        await client.CreateUser("a@example.com", $",\"title\":\"{Text(SizeLimits.MaxText)}\"");
        await client.CreateUser(
            "b@example.com", $$""","x509Certificates":[{"value":"{{new string('A', SizeLimits.MaxBinary)}}"}]""");
        var large = await client.CreateUser(
            "c@example.com", $",\"nickName\":\"{Text(4000)}\",\"addresses\":{Addresses(7).ToJsonString()}");
        // The largest title that leaves the user at 64 KB, to the byte.
        var stored = large.DeepClone().AsObject();
        stored.Remove("meta");
        stored["title"] = "";
        var room = SizeLimits.MaxUser - Encoding.UTF8.GetByteCount(stored.ToJsonString());
        var tooLarge = await client.Patch($"Users/{large.Id()}", Title(room + 1));
        var fits = await client.Patch($"Users/{large.Id()}", Title(room));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tooLarge.Detail, Does.Contain($"The user has {SizeLimits.MaxUser + 1} bytes"));
            Assert.That(fits.Status, Is.EqualTo(HttpStatusCode.OK), fits.Detail);
        }
    }

    [Test]
    public async Task A_user_above_a_newer_limit_can_be_changed_as_long_as_it_does_not_grow()
    {
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        var id = (await client.CreateUser("ann@example.com", ""","title":"Professor" """)).Id();
        await Store(account, new() { ["nickName"] = Text(500_000), ["profileUrl"] = Text(300) });
        var smaller = await client.Patch($"Users/{id}", """{"op":"replace","path":"title","value":"Dr"}""");
        var larger = await client.Patch($"Users/{id}", Title(100));
        var exchanged = await client.Patch($"Users/{id}", $$"""{"op":"remove","path":"profileUrl"},{{Title(200)}}""");
        var off = await client.Patch($"Users/{id}", """{"op":"replace","value":{"active":false}}""");
        var on = await client.Patch($"Users/{id}", """{"op":"replace","value":{"active":true}}""");
        var cut = await client.Patch($"Users/{id}", """{"op":"replace","path":"nickName","value":"A"}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(larger.Detail, Does.Contain("The largest change is in title"));
            foreach (var answer in new[] { smaller, exchanged, off, on, cut })
                Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), answer.Detail);
        }
    }

    [Test]
    public async Task A_long_value_from_before_the_limits_is_kept_but_cannot_grow()
    {
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        var id = (await client.CreateUser("ann@example.com")).Id();
        var old = Text(SizeLimits.MaxText + 1);
        await Store(account, new() { ["addresses"] = new JsonArray(new JsonObject { ["formatted"] = old }) });

        var added = await client.Patch(
            $"Users/{id}", """{"op":"add","path":"addresses","value":[{"formatted":"new"}]}""");
        var longer = await client.Patch(
            $"Users/{id}", $$"""{"op":"add","path":"addresses","value":[{"formatted":"{{old}}x"}]}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(added["addresses"]?.AsArray(), Has.Count.EqualTo(2), added.Detail);
            Assert.That(longer.Detail, Does.Contain("addresses has"));
        }
    }

    /// <summary>Stores a user as it may be from before the limits.</summary>
    private async Task Store(TestAccount account, JsonObject more)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var user = await db.UsersOf(account.Id).Include(one => one.Emails).SingleAsync();
        var document = user.Json();
        foreach (var (name, value) in more)
            document[name] = value?.DeepClone();
        user.SetDocument(document, claimsWorkEmail: true, DateTime.UtcNow);
        await db.SaveChangesAsync();
    }

    private static string Title(int length) => $$"""{"op":"replace","path":"title","value":"{{Text(length)}}"}""";

    private static JsonArray Addresses(int count) => new(
        [.. Enumerable.Range(0, count).Select(JsonNode? (i) => new JsonObject { ["formatted"] = $"{i}{Text(8000)}" })]);

    private static string Text(int length) => new('x', length);
}
