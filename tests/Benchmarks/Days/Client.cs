using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;

namespace Benchmarks.Days;

/// <summary>
/// An identity provider that sends requests as they come up, and records how long each kind took and how the memory of
/// Scim.Api develops.
/// </summary>
internal sealed class Client(Product product, Report report)
{
    /// <summary>What Scim.Api may need, in megabytes.</summary>
    private const int MemoryLimit = 250;

    private readonly ConcurrentDictionary<string, ConcurrentBag<double>> times = new(StringComparer.Ordinal);
    private readonly List<int> memory = [];
    private int refused;

    public string Token => product.Tokens[0];

    /// <summary>Sends a request and returns the body of the response; null if it was refused.</summary>
    /// <param name="kind">What the table calls it.</param>
    /// <param name="request">The request.</param>
    public async Task<JsonNode?> Send(string kind, Request request)
    {
        var start = Stopwatch.GetTimestamp();
        using var answer = await product.ScimApi.Answer(request.ToMessage());
        var body = await answer.Content.ReadAsByteArrayAsync();
        times.GetOrAdd(kind, _ => []).Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        if (answer.IsSuccessStatusCode)
            return answer.StatusCode == HttpStatusCode.NoContent ? new JsonObject() : JsonNode.Parse(body);
        Interlocked.Increment(ref refused);
        return null;
    }

    /// <summary>Runs a day, meanwhile samples the memory of Scim.Api, and reports both.</summary>
    public async Task Record(string name, Func<Task> day)
    {
        var (begin, cpu) = (Stopwatch.GetTimestamp(), product.ScimApi.Spent());
        memory.Add(product.ScimApi.Memory);
        await using (new Timer(_ => Sample(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)))
            await day();
        Sample();
        var (spent, requests) = (product.ScimApi.Spent() - cpu, times.Values.Sum(kind => kind.Count));
        foreach (var (kind, all) in times.OrderBy(kind => kind.Key, StringComparer.Ordinal))
            report.Latency($"{name}: {kind}", all);
        var seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        report.Add(
            name,
            $"{requests:N0} requests in {seconds:N0} s, {refused} refused; CPU per request: "
            + $"{spent.Server.TotalMicroseconds / requests:N0} µs server, "
            + $"{spent.Database.TotalMicroseconds / requests:N0} µs database",
            new { requests, seconds, refused, cpu = spent });
        int[] every = [.. memory.Where((_, i) => i % Math.Max(1, memory.Count / 12) == 0)];
        report.Add(name, $"MB of Scim.Api over time: {string.Join(' ', every)}", new { memory });
        report.AtMost(MemoryLimit, memory.Max(), $"{name}: most MB of resident memory of Scim.Api");
        report.AtMost(0, refused, $"{name}: refused requests");
    }

    private void Sample()
    {
        lock (memory)
            memory.Add(product.ScimApi.Memory);
    }
}
