using System.Text.Json.Nodes;

namespace Conformance;

/// <summary>
/// Reads a list from its first page to its last, as identity providers import: from 1 in steps of <paramref name="by"/>
/// as far as <c>totalResults</c> of the first page goes.
/// </summary>
internal sealed class Import(Step step, int by, Names names, Func<string, Task<Reply>> send)
{
    private readonly Dictionary<string, int> seen = new(StringComparer.Ordinal);

    public async Task<IReadOnlyList<string>> Run()
    {
        var total = 1;
        for (var start = 1; start <= total; start += by)
        {
            names["startIndex"] = $"{start}";
            var reply = await send(names.FillPath(step.Path));
            if (reply.Status != 200)
                return [$"status: expected 200, got {reply.Detail}"];
            var faults = Read(start, reply.Json).ToList();
            if (faults.Count > 0)
                return faults;
            if (start == 1)
                total = (int)reply.Json!["totalResults"]!;
        }
        return [.. step.Sees.Select(names.Fill).SelectMany(SeenOnce)];
    }

    private IEnumerable<string> Read(int start, JsonNode? page)
    {
        if (page is not JsonObject list || (list["Resources"] ?? new JsonArray()) is not JsonArray resources)
            return [$"page from {start}: expected a ListResponse, got something else"];
        foreach (var id in resources.Select(resource => Expectation.Find(resource, "id")?.ToString()).OfType<string>())
            seen[id] = seen.GetValueOrDefault(id) + 1;
        return new[]
        {
            ("totalResults", IsInteger(list["totalResults"], 0), "an integer"),
            ("startIndex", IsInteger(list["startIndex"], start) && (int)list["startIndex"]! == start, $"{start}"),
            ("itemsPerPage", list["itemsPerPage"]?.ToJsonString() == $"{resources.Count}", $"{resources.Count}"),
            ("Resources", resources.Count <= by, $"at most {by}"),
        }
        .Where(check => !check.Item2)
        .Select(check => $"page from {start}: {check.Item1}: expected {check.Item3}, got "
            + (check.Item1 == "Resources" ? $"{resources.Count}" : list[check.Item1]?.ToJsonString() ?? "nothing"));
    }

    private IEnumerable<string> SeenOnce(string id) => seen.GetValueOrDefault(id) is 1
        ? []
        : [$"user {id}: expected once in the list, found {seen.GetValueOrDefault(id)} times"];

    private static bool IsInteger(JsonNode? json, int least) =>
        json is JsonValue value && value.TryGetValue<int>(out var number) && number >= least;
}
