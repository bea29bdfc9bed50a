using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Shared.Contracts;

namespace Scim.Api.Tests.Clients;

/// <summary>
/// What real clients send, and what they need to get, as files. A file is a walk: what is <c>given</c> (users, the
/// account's domains and seats), then requests with the <c>status</c> and the part of the <c>response</c> that matters.
/// <c>keep</c> names what later steps refer to in braces; <c>"*"</c> is anything but nothing, null is absent.
/// </summary>
[Parallelizable]
internal sealed partial class ExchangeTests
{
    private ScimServer server = null!;

    private static string Folder => Path.Combine(TestContext.CurrentContext.TestDirectory, "Clients");

    private static IEnumerable<string> Files => Directory
        .GetFiles(Path.Combine(AppContext.BaseDirectory, "Clients"), "*.json", SearchOption.AllDirectories)
        .Select(
            file => Path.GetRelativePath(Path.Combine(AppContext.BaseDirectory, "Clients"), file).Replace('\\', '/'))
        .Order(StringComparer.Ordinal);

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCaseSource(nameof(Files))]
    public async Task The_client_gets_what_it_needs(string file)
    {
        var walk = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Folder, file)))!;
        var kept = new Dictionary<string, string>();
        var account = Given(walk["given"]);
        using var client = server.ClientWith("Bearer " + server.AuthServer.IssueToken(account));
        foreach (var user in walk["given"]?["users"]?.AsArray() ?? [])
            kept[$"user{kept.Count + 1}"] = (await client.Post("/scim/v2/Users", user!.ToJsonString())).Json!.Id();
        foreach (var step in walk["steps"]!.AsArray())
            await Exchange(client, walk, step!, kept);
    }

    private static async Task Exchange(HttpClient client, JsonNode walk, JsonNode step, Dictionary<string, string> kept)
    {
        var request = ((string)step["request"]!).Split(' ', 2);
        var headers = (walk["headers"]?.AsObject() ?? [])
            .Where(header => header.Key != "Content-Type")
            .Select(header => (header.Key, (string)header.Value!)).ToArray();
        var answer = await client.Send(
            request[0],
            "/scim/v2" + Fill(request[1], kept),
            step["body"] is { } body ? Fill(body.ToJsonString(), kept) : null,
            (string?)walk["headers"]?["Content-Type"] ?? "application/scim+json",
            headers);

        var told = $"{step["request"]} -> {answer}";
        Assert.That((int)answer.Status, Is.EqualTo((int)step["status"]!), told);
        if (step["response"] is { } expected)
            AssertMatches(JsonNode.Parse(Fill(expected.ToJsonString(), kept)), answer.Json, "response", told);
        foreach (var (name, path) in step["keep"]?.AsObject() ?? [])
            kept[name] = (string)Find(answer.Json!, (string)path!)!;
    }

    private static TestAccount Given(JsonNode? given)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            AttributeRules = (string?)given?["rules"] ?? AttributeRuleSets.Guide,
            Domains = [.. (given?["domains"]?.AsArray() ?? []).Select(domain => (string)domain!)],
            Licences = given?["seats"] is { } seats
                ? [new() { Product = "portal", Seats = (int)seats, GivenToNewUsers = true }]
                : [],
        };
        return account;
    }

    private static void AssertMatches(JsonNode? expected, JsonNode? actual, string path, string told)
    {
        switch (expected)
        {
            case JsonObject parts:
                Assert.That(actual, Is.InstanceOf<JsonObject>(), $"{path}\n{told}");
                foreach (var (name, value) in parts)
                    AssertMatches(value, actual![name], $"{path}.{name}", told);
                break;
            case JsonArray values:
                Assert.That((actual as JsonArray)?.Count, Is.EqualTo(values.Count), $"{path}\n{told}");
                for (var i = 0; i < values.Count; i++)
                    AssertMatches(values[i], actual![i], $"{path}[{i}]", told);
                break;
            case JsonValue any when any.ToJsonString() == "\"*\"":
                Assert.That(
                    actual?.ToJsonString(),
                    Is.Not.Null.And.Not.EqualTo("\"\"").And.Not.EqualTo("[]"),
                    $"{path}\n{told}");
                break;
            default:
                Assert.That(actual?.ToJsonString(), Is.EqualTo(expected?.ToJsonString()), $"{path}\n{told}");
                break;
        }
    }

    // As emails.0.value.
    private static JsonNode? Find(JsonNode json, string path) =>
        path.Split('.').Aggregate<string, JsonNode?>(
            json, (node, part) => int.TryParse(part, out var i) ? node?[i] : node?[part]);

    private static string Fill(string text, Dictionary<string, string> kept) =>
        Placeholder().Replace(
            text, match => kept.TryGetValue(match.Groups[1].Value, out var value) ? value : match.Value);

    [GeneratedRegex(@"\{([a-zA-Z]\w*)\}")]
    private static partial Regex Placeholder();
}
