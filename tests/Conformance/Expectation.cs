using System.Text.Json.Nodes;

namespace Conformance;

/// <summary>Compares a response with what a client needs. <see cref="Step"/> describes expectations.</summary>
internal static class Expectation
{
    /// <summary>The differences, one sentence each.</summary>
    public static IEnumerable<string> Differences(JsonNode? expected, JsonNode? actual, string path) => expected switch
    {
        JsonObject parts => actual is JsonObject members
            ? parts.SelectMany(part => Differences(part.Value, Member(members, part.Key), $"{path}.{part.Key}"))
            : [Difference(path, "an object", actual)],
        JsonArray values => actual is JsonArray elements && elements.Count == values.Count
            ? Unmatched(values, elements, path)
            : [Difference(path, $"a list of {values.Count}", actual)],
        JsonValue any when any.ToJsonString() == "\"*\"" =>
            actual is null or JsonArray { Count: 0 } || actual.ToJsonString() == "\"\""
                ? [Difference(path, "anything", actual)]
                : [],
        _ => actual?.ToJsonString() == expected?.ToJsonString() ? [] : [Difference(path, Shown(expected), actual)],
    };

    /// <summary>A value by its path, such as <c>Resources.0.id</c>.</summary>
    public static JsonNode? Find(JsonNode? json, string path) => path.Split('.').Aggregate(json, Part);

    // The order of values has no meaning (RFC 7643 §2.4).
    private static IEnumerable<string> Unmatched(JsonArray values, JsonArray elements, string path)
    {
        var free = elements.ToList();
        for (var i = 0; i < values.Count; i++)
        {
            var match = free.FindIndex(element => !Differences(values[i], element, path).Any());
            if (match >= 0)
                free.RemoveAt(match);
            else
                return Differences(values[i], elements[i], $"{path}[{i}]").DefaultIfEmpty(
                    Difference($"{path}[{i}]", Shown(values[i]), elements));
        }
        return [];
    }

    private static JsonNode? Part(JsonNode? json, string name) => json switch
    {
        JsonArray values when int.TryParse(name, out var index) && index < values.Count => values[index],
        JsonObject members => Member(members, name),
        _ => null,
    };

    // Attribute names ignore letter case (RFC 7643 §2.1).
    private static JsonNode? Member(JsonObject members, string name) => members[name]
        ?? members.FirstOrDefault(member => member.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    private static string Difference(string path, string expected, JsonNode? actual) =>
        $"{path}: expected {expected}, got {Shown(actual)}";

    private static string Shown(JsonNode? json) => json?.ToJsonString() switch
    {
        null => "nothing",
        { Length: > 200 } text => text[..200] + "…",
        var text => text,
    };
}
