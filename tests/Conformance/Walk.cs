using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;

namespace Conformance;

/// <summary>The outcome of a step. It passed if it was run and has no <c>Faults</c>.</summary>
internal sealed record Verdict(
    Exchange Exchange, int Number, string Step, IReadOnlyList<string> Faults, bool WasRun = true)
{
    public bool Passed => WasRun && Faults.Count == 0;

    public override string ToString() =>
        $"{Exchange} {Number} {Step}: {(Passed ? "passed" : string.Join("; ", Faults))}";
}

/// <summary>
/// Runs the steps of an exchange, one after the other. After a step that fails, the others are run, except those that
/// need a value from its response. <paramref name="exact"/> requires the response that SciLeads sends.
/// </summary>
internal sealed class Walk(Exchange exchange, Connection connection, People people, Names names, bool exact)
{
    private JsonObject? lastRead;

    public async IAsyncEnumerable<Verdict> Run([EnumeratorCancellation] CancellationToken cancellation)
    {
        var number = 0;
        foreach (var user in exchange.Users)
        {
            var reply = await people.Create(names.Fill(user), exchange.Headers, cancellation);
            if (reply.Status != 201 || Expectation.Find(reply.Json, "id") is not { } id)
            {
                string[] faults = [$"a user could not be created ({reply.Detail})"];
                yield return new(exchange, 0, "given: users", faults, WasRun: false);
                yield break;
            }
            names[$"user{++number}"] = $"{id}";
        }

        number = 0;
        foreach (var step in exchange.Steps)
        {
            var missing = names.UnknownIn(step.Path + step.Body?.ToJsonString()).Except(["startIndex"]).ToList();
            var verdict = new Verdict(exchange, ++number, $"{step.Title}: {step.Request}", []);
            yield return missing.Count > 0
                ? verdict with
                {
                    Faults = [$"needs {string.Join(", ", missing)}, which no earlier step provided"], WasRun = false,
                }
                : verdict with { Faults = [.. await RunStep(step, cancellation)] };
        }
    }

    private async Task<IEnumerable<string>> RunStep(Step step, CancellationToken cancellation)
    {
        if (step.Pages is { } by)
            return await new Import(step, by, names, path => Send(step, path, null, cancellation)).Run();

        var path = names.FillPath(step.Path);
        if (StrangerIn(step) is { } stranger)
            return [$"would change {stranger}, whom this run did not create; nothing was sent"];
        var body = names.Fill(step.Body);
        if (step.Echoes)
            body = Echo(body as JsonObject);

        var reply = step.Creates
            ? await people.Create(body, HeadersOf(step), cancellation)
            : await Send(step, path, body, cancellation);
        if (Refused(step, reply) is { } refused)
            return [refused];
        var faults = MediaTypeFaults(step, reply).ToList();
        // Without a body, the client would have to read what it changed.
        if (reply.Status == 204 && step.Response is not null)
            reply = await connection.Send("GET", path.Split('?')[0], null, HeadersOf(step), cancellation);
        if (reply is { IsSuccess: true, Json: JsonObject user } && path.StartsWith("/Users/", StringComparison.Ordinal))
            lastRead = user;
        return faults.Concat(Expected(step, reply)).Concat(Keep(step, reply));
    }

    private Task<Reply> Send(Step step, string path, JsonNode? body, CancellationToken cancellation) =>
        connection.Send(step.Method, path, body, HeadersOf(step), cancellation);

    private IEnumerable<(string, string)> HeadersOf(Step step) => exchange.Headers.Concat(step.Headers);

    // A user whom the step would change, and who was not created here. An id in the file itself belongs to nobody.
    private string? StrangerIn(Step step)
    {
        var parts = step.Path.Split('?')[0].Split('/');
        if (step.Method is "GET" or "POST" || parts.Length < 3 || !parts[2].StartsWith('{'))
            return null;
        var id = names.Fill(parts[2]);
        return people.Has(id) ? null : $"user {id}";
    }

    private JsonObject Echo(JsonObject? changes)
    {
        var echo = lastRead?.DeepClone().AsObject() ?? [];
        foreach (var (name, value) in changes ?? [])
            echo[name] = value?.DeepClone();
        return echo;
    }

    private string? Refused(Step step, Reply reply)
    {
        var accepted = exact ? step.Statuses.Take(1) : step.Statuses;
        return reply.Status is { } status && accepted.Contains(status)
            ? null
            : $"status: expected {string.Join(" or ", accepted)}, got {reply.Detail}";
    }

    private static IEnumerable<string> MediaTypeFaults(Step step, Reply reply)
    {
        var isExpected = step.MediaType is { } expected
            ? reply.MediaType == expected
            : reply.Text == "" || (reply.MediaType?.Contains("json", StringComparison.OrdinalIgnoreCase) ?? false);
        return isExpected
            ? []
            : [$"media type: expected {step.MediaType ?? "JSON"}, got {reply.MediaType ?? "nothing"}"];
    }

    private IEnumerable<string> Expected(Step step, Reply reply) => step.Response is { } response
        ? Expectation.Differences(names.Fill(response), reply.Json, "response")
        : [];

    private List<string> Keep(Step step, Reply reply)
    {
        var faults = new List<string>();
        foreach (var (name, path) in step.Keep)
        {
            if (Expectation.Find(reply.Json, path)?.ToString() is { Length: > 0 } value)
                names[name] = value;
            else
                faults.Add($"response.{path}: expected anything, got nothing");
        }
        return faults;
    }
}
