using System.Net;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Shared.Contracts;

namespace Scim.Api.Tests.Users.Model;

/// <summary>
/// No deactivation fails because of a rule, whatever the user looks like and whatever else the request sets. Users are
/// created under some rules, the rules change, and each user is deactivated by a request that also sets other
/// attributes. <c>TEST_NIGHTLY=1</c> tries many more.
/// </summary>
[Parallelizable]
[Category("Slow")]
internal sealed class DeactivationPropertyTests
{
    private static readonly int tries = Environment.GetEnvironmentVariable("TEST_NIGHTLY") is null ? 40 : 3_000;

    private static readonly Gen<JsonNode?> address = Gen.OneOf(
        Text("a@x.example", "A@x.example", "b@x.example", "c@y.example", "b@y.example", "0123456789abcdefa@x.example"),
        Text(
            "", " ", "a", "a b", "a@b@x.example", " a@x.example", "a\u200B@x.example", "\u3164", "a\nb",
            "jose\u0301@x.example"),
        Gen.Select(
            Gen.OneOfConst("x", "é", "語", "\U0001D160", "\U0001F600"),
            Gen.OneOfConst(64, 65, 242, 243, 309, 388, 389, 3000))
            .Select((letter, count) => (JsonNode?)(string.Concat(Enumerable.Repeat(letter, count)) + "@x.example")),
        Gen.Const((JsonNode?)null));

    private static readonly Gen<JsonNode?> text = Gen.OneOf(
        Text("", " ", "Ann", "語", "Lee"),
        Gen.OneOfConst(101, 401, 8192, 8193, 70_000).Select(count => (JsonNode?)new string('x', count)),
        Gen.Const((JsonNode?)null));

    private static readonly Gen<JsonNode?> emails = Gen.OneOf(
        Gen.Select(address, Gen.OneOfConst("work", "Work", "home", null, new string('t', 101)), Gen.Bool)
            .Array[0, 4].Select(all => (JsonNode?)new JsonArray([.. all.Select(JsonNode? (one) => new JsonObject
            {
                ["value"] = one.Item1?.DeepClone(), ["type"] = one.Item2, ["primary"] = one.Item3,
            })])),
        Gen.OneOfConst(499, 501, 1100).Select(count => (JsonNode?)new JsonArray([.. Enumerable.Range(0, count)
            .Select(JsonNode? (i) => new JsonObject { ["value"] = $"{i}@x.example", ["type"] = "work" })])));

    private static readonly Gen<JsonNode?> name = Gen.Select(text, text)
        .Select((given, family) => (JsonNode?)new JsonObject
        {
            ["givenName"] = given?.DeepClone(), ["familyName"] = family?.DeepClone(),
        });

    private static readonly Gen<JsonObject> others = Gen.OneOf(
        Member("userName", address),
        Member("emails", emails),
        Member("name", name),
        Member("displayName", text),
        Member("externalId", text),
        Member("title", text)).Array[0, 5].Select(members => new JsonObject(
            members.DistinctBy(member => member.Key).Select(
                member => KeyValuePair.Create(member.Key, member.Value?.DeepClone()))));

    private static readonly Gen<Case> cases = Gen.Select(
        others.Array[1, 4],
        Gen.Select(others, Gen.Int[0, 4]).Array[4],
        Gen.OneOfConst(AttributeRuleSets.Guide, AttributeRuleSets.Rfc),
        Gen.OneOfConst(AttributeRuleSets.Guide, AttributeRuleSets.Rfc),
        Gen.OneOfConst("", "x.example", "other.example"),
        (users, requests, rulesThen, rulesNow, domain) => new Case(users, requests, rulesThen, rulesNow, domain));

    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public Task No_deactivation_fails_because_of_a_rule() => cases.SampleAsync(
        Deactivate, iter: tries, threads: 1, seed: "0000000000002", print: one => one.ToString());

    private async Task Deactivate(Case one)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            AttributeRules = one.RulesThen,
            Licences = [new() { Product = "portal", Seats = 9, GivenToNewUsers = true }],
        };
        using var client = server.ClientOf(account);
        var ids = new List<string>();
        foreach (var user in one.Users)
        {
            // Omit what the rules refuse at first.
            var made = await client.Post("Users", With(user, ids.Count).ToJsonString());
            if (made.Status != HttpStatusCode.Created)
                made = await client.Post("Users", With([], ids.Count).ToJsonString());
            ids.Add(made.Json!.Id());
        }
        account.Policy = account.Policy with
        {
            AttributeRules = one.RulesNow,
            Domains = one.Domain == "" ? [] : [one.Domain],
        };
        foreach (var (id, (sent, way)) in ids.Zip(one.Requests))
        {
            for (var again = 0; again < 2; again++)
            {
                var answer = await Send(client, id, sent, way);
                Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), $"{way} {Short(sent)}: {answer}");
                Assert.That((bool)answer["active"]!, Is.False);
            }
        }
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        Assert.That((await db.CountSeats(account.Policy, default)).Single().Used, Is.Zero);
        Assert.That(
            await db.EventsOf(account.Id).CountAsync(e => e.Outcome == ProvisioningOutcomes.Deactivated),
            Is.EqualTo(ids.Count));
    }

    private static async Task<Answer> Send(HttpClient client, string id, JsonObject sent, int way)
    {
        var all = sent.DeepClone().AsObject();
        all["active"] = false;
        var put = With(sent, 9);
        put["active"] = "False";
        const string Off = """{"op":"Replace","path":"active","value":"False"}""";
        var operations = sent.Select(member => new JsonObject
        {
            ["op"] = "replace", ["path"] = member.Key, ["value"] = member.Value?.DeepClone(),
        }.ToJsonString()).ToList();
        return way switch
        {
            0 => await client.Patch($"Users/{id}", string.Join(',', operations.Prepend(Off))),
            1 => await client.Patch($"Users/{id}", string.Join(',', operations.Append(Off))),
            2 => await client.Patch($"Users/{id}", $$"""{"op":"replace","value":{{all.ToJsonString()}} }"""),
            3 => await client.Put($"Users/{id}", put.ToJsonString()),
            _ => await Bulk(client, id, put),
        };
    }

    private static async Task<Answer> Bulk(HttpClient client, string id, JsonObject put)
    {
        var answer = await client.Post(
            "Bulk", $$"""{"Operations":[{"method":"PUT","path":"/Users/{{id}}","data":{{put.ToJsonString()}} }]}""");
        return (string?)answer["Operations"]?[0]?["status"] == "200" ? await client.Get($"Users/{id}") : answer;
    }

    private static JsonObject With(JsonObject others, int number)
    {
        var user = new JsonObject
        {
            ["userName"] = $"user{number}@x.example",
            ["name"] = new JsonObject { ["givenName"] = "Ann", ["familyName"] = "Lee" },
        };
        foreach (var (member, value) in others)
            user[member] = value?.DeepClone();
        return user;
    }

    private static Gen<KeyValuePair<string, JsonNode?>> Member(string key, Gen<JsonNode?> value) =>
        value.Select(one => KeyValuePair.Create(key, one));

    private static Gen<JsonNode?> Text(params string[] texts) =>
        Gen.OneOfConst(texts).Select(one => (JsonNode?)one);

    private static string Short(JsonObject sent) =>
        sent.ToJsonString() is { Length: > 300 } text ? text[..300] + "…" : sent.ToJsonString();

    private sealed record Case(
        JsonObject[] Users, (JsonObject Sent, int Way)[] Requests, string RulesThen, string RulesNow, string Domain)
    {
        public override string ToString() =>
            $"{RulesThen} to {RulesNow} {Domain}: {string.Join(" | ", Users.Select(Short))}; "
            + string.Join(" | ", Requests.Select(request => $"{request.Way} {Short(request.Sent)}"));
    }
}
