using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Conformance;
using Microsoft.Extensions.Logging;

namespace Scim.Api.Tests.Fuzzing;

/// <summary>
/// Bodies, filters and paths of real clients with random mutations. Whatever the input, the server answers quickly,
/// never with a server error, and leaks no memory. The normal run has a fixed seed; <c>TEST_NIGHTLY=1</c> sends 100,000
/// inputs with a random seed, which <c>FUZZ_SEED</c> repeats.
/// </summary>
[NonParallelizable]
[Category("Slow")]
internal sealed class FuzzingTests
{
    private static readonly bool isNightly = Environment.GetEnvironmentVariable("TEST_NIGHTLY") is not null;
    private static readonly int inputs = isNightly ? 100_000 : 1_000;

    private static readonly TimeSpan longest = TimeSpan.FromSeconds(15);

    private static readonly string[] paths =
    [
        "Users", "Users/{id}", "Users?filter={filter}", "Users?filter={filter}&startIndex=1&count=3",
        "Users?sortBy={path}&sortOrder=descending", "Users?attributes={path},{path}",
        "Users/{id}?excludedAttributes={path}", "Users?startIndex={number}&count={number}",
        "Users?cursor={path}&count=2", "Users/.search", ".search", "Bulk", "Me", "Groups", "Groups/{id}", "Schemas",
        "Schemas/{path}", "ResourceTypes/User", "ServiceProviderConfig", "{path}/{path}",
    ];

    private static readonly string[] methods =
        ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY", "get"];

    private readonly List<(string Method, string Text)> bodies = [];
    private readonly List<string> filters = [];
    private readonly List<string> attributes = [];

    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start();
        // The log reports the missing database before it is created.
        server.Logs.Clear();
        foreach (var step in Exchange.All.SelectMany(exchange => exchange.Steps))
        {
            if (step.Body is { } body)
                bodies.Add((step.Method, body.ToJsonString()));
            if (step.Path.Split("filter=") is [_, var filter])
                filters.Add(Uri.UnescapeDataString(filter));
            foreach (var operation in (step.Body as JsonObject)?["Operations"] as JsonArray ?? [])
                attributes.Add((string?)operation!["path"] ?? "userName");
        }
    }

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test]
    public async Task Every_input_is_answered_quickly_and_never_with_a_server_error()
    {
        var seed = Environment.GetEnvironmentVariable("FUZZ_SEED") is { Length: > 0 } given
            ? int.Parse(given, CultureInfo.InvariantCulture)
            : isNightly ? Random.Shared.Next() : 1;
        TestContext.Out.WriteLine($"{inputs} inputs, FUZZ_SEED={seed}");
        using var client = server.ClientOf(new TestAccount());
        client.Timeout = TimeSpan.FromMinutes(1);
        var (id, early, statuses) = ("", 0L, new SortedDictionary<int, int>());
        for (var i = 0; i < inputs; i++)
        {
            if (i % 100 == 0)
                id = await SomebodyToWrite(client, i);
            // Each input has its own random numbers, so that it can be repeated without the preceding ones.
            var sent = new Input(this, new Random(Seed(seed, i))).Request(id);
            var status = await Send(client, sent, $"FUZZ_SEED={seed}, input {i}");
            statuses[status] = statuses.GetValueOrDefault(status) + 1;
            if (i == inputs / 3)
                early = Memory();
        }
        TestContext.Out.WriteLine(string.Join(", ", statuses.Select(status => $"{status.Key}: {status.Value}")));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Memory() - early, Is.LessThan(32L << 20), "bytes more at the end than after a third");
            Assert.That(statuses.Keys, Is.SupersetOf(new[] { 200, 201, 400, 404 }), "some inputs must be valid");
        }
    }

    private async Task<string> SomebodyToWrite(HttpClient client, int number)
    {
        Assert.That(server.Logs.AtLeast(LogLevel.Error), Is.Empty);
        server.Logs.Clear();
        return (await client.CreateUser($"fuzz{number}@example.com", ""","title":"Dr" """)).Id();
    }

    private static int Seed(int seed, int input) => unchecked((seed * 1_000_003) + (input * 7919));

    private long Memory()
    {
        server.Logs.Clear();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static async Task<int> Send(HttpClient client, Sent sent, string which)
    {
        using var request = new HttpRequestMessage(new HttpMethod(sent.Method), new Uri(sent.Path, UriKind.Relative));
        if (sent.Body is { } body)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/scim+json");
        }
        var watch = Stopwatch.StartNew();
        using var response = await client.SendAsync(request);
        var answer = await response.Content.ReadAsStringAsync();

        var told = $"{which}\n{sent}\n{(int)response.StatusCode} {answer}";
        Assert.That((int)response.StatusCode is < 500 or 501, told);
        Assert.That(watch.Elapsed, Is.LessThan(longest), told);
        if ((int)response.StatusCode >= 400 && sent.Method != "HEAD" && answer != "")
            Assert.That((string?)JsonNode.Parse(answer)!["status"], Is.EqualTo($"{(int)response.StatusCode}"), told);
        return (int)response.StatusCode;
    }

    /// <summary>A request, in a form that can be repeated by hand.</summary>
    private sealed record Sent(string Method, string Path, byte[]? Body)
    {
        public override string ToString() => $"{Method} {Path}\n"
            + (Body is null ? "" : $"{Encoding.UTF8.GetString(Body)}\nbase64: {Convert.ToBase64String(Body)}");
    }

    /// <summary>Creates a random request.</summary>
    private sealed class Input(FuzzingTests tests, Random random)
    {
        private readonly Mutation mutation = new(random);

        public Sent Request(string id)
        {
            var path = Path(id);
            return random.Next(10) switch
            {
                0 => new(mutation.Pick(methods), path, Body(mutation.Pick(methods))),
                < 4 => new("GET", path, null),
                < 6 => new("POST", random.Next(4) == 0 ? path : "Users", Body("POST")),
                < 7 => new("PUT", $"Users/{id}", Body("PUT")),
                < 9 => new("PATCH", $"Users/{id}", Body("PATCH")),
                _ => new("POST", "Bulk", Bulk(id)),
            };
        }

        private string Path(string id)
        {
            var path = mutation.Pick(paths);
            if (random.Next(10) == 0)
                path = mutation.Of(paths);
            return Addressable(path
                .Replace("{id}", random.Next(8) == 0 ? mutation.Of([id]) : id, StringComparison.Ordinal)
                .Replace("{filter}", Escape(Maybe(tests.filters)), StringComparison.Ordinal)
                .Replace("{path}", Escape(Maybe(tests.attributes)), StringComparison.Ordinal)
                .Replace("{number}", Escape(mutation.Of(["1", "100", "-3"])), StringComparison.Ordinal));
        }

        private string Maybe(List<string> texts) => random.Next(4) == 0 ? mutation.Pick(texts) : mutation.Of(texts);

        // A lone surrogate cannot be escaped, and the length of a request line is limited.
        private static string Escape(string text) =>
            Uri.EscapeDataString(Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text[..Math.Min(1500, text.Length)])));

        private static string Addressable(string path) =>
            Uri.TryCreate(path, UriKind.Relative, out _)
            && !path.StartsWith('/') && !path.Contains(':', StringComparison.Ordinal)
                ? path
                : "Users/" + Escape(path);

        private byte[] Body(string method)
        {
            var body = Encoding.UTF8.GetBytes(Fill(Maybe(BodiesOf(method))));
            // Bytes that are not UTF-8.
            if (random.Next(10) == 0 && body.Length > 0)
                body[random.Next(body.Length)] = (byte)random.Next(256);
            return body;
        }

        private byte[] Bulk(string id)
        {
            var bulk = $$"""
                {"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"failOnErrors":2,"Operations":[
                 {"method":"POST","path":"/Users","bulkId":"a","data":{{Maybe(BodiesOf("POST"))}}},
                 {"method":"PATCH","path":"/Users/bulkId:a","data":{{Maybe(BodiesOf("PATCH"))}}},
                 {"method":"PUT","path":"/Users/{{id}}","data":{{Maybe(BodiesOf("PUT"))}}},
                 {"method":"DELETE","path":"/Users/bulkId:a"}]}
                """;
            return Encoding.UTF8.GetBytes(Fill(Maybe([bulk])));
        }

        private List<string> BodiesOf(string method)
        {
            var right = tests.bodies.Where(body => body.Method == method).Select(body => body.Text).ToList();
            return right.Count > 0 ? right : [.. tests.bodies.Select(body => body.Text)];
        }

        // With unique names, because otherwise every create would conflict with another one.
        private string Fill(string text) => text
            .Replace("{tag}", $"t{random.Next():x}", StringComparison.OrdinalIgnoreCase)
            .Replace("{domain}", "example.com", StringComparison.OrdinalIgnoreCase);
    }
}
