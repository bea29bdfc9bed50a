using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Bulk;

/// <summary>
/// References to resources that another operation creates: strings such as <c>bulkId:qwerty</c> (RFC 7644 §3.7.2), and
/// <c>$ref</c>s that end with one.
/// </summary>
internal static class BulkReferences
{
    private const string Prefix = "bulkId:";

    /// <summary>The bulkId that a string refers to; null if it is not a reference.</summary>
    public static string? Find(string? text, string name = "") =>
        text is not null && Start(text, name) is { } start ? text[(start + Prefix.Length)..] : null;

    /// <summary>All bulkIds that the data of an operation refers to.</summary>
    public static IEnumerable<string> In(JsonNode? data, string name = "") => data switch
    {
        JsonObject members => members.SelectMany(member => In(member.Value, member.Key)),
        JsonArray values => values.SelectMany(value => In(value, name)),
        _ => Find(DocumentReader.Text(data), name) is { } bulkId ? [bulkId] : [],
    };

    /// <summary>Replaces references by ids, and removes those whose id is not known yet.</summary>
    public static JsonObject Resolve(JsonObject data, Func<string, string?> idOf)
    {
        // With the same options, names stay case-insensitive.
        var resolved = new JsonObject(data.Options);
        foreach (var (name, value) in data)
            if (Resolve(value, name, idOf, out var known))
                resolved[name] = known;
        return resolved;
    }

    private static bool Resolve(JsonNode? value, string name, Func<string, string?> idOf, out JsonNode? resolved)
    {
        resolved = value switch
        {
            JsonObject members => Resolve(members, idOf),
            JsonArray values => Resolve(values, name, idOf),
            _ => value?.DeepClone(),
        };
        if (Find(DocumentReader.Text(value), name) is not { } bulkId)
            return true;
        var text = DocumentReader.Text(value)!;
        resolved = idOf(bulkId) is { } id ? text[..Start(text, name)!.Value] + id : null;
        return resolved is not null;
    }

    private static JsonArray Resolve(JsonArray values, string name, Func<string, string?> idOf)
    {
        var resolved = new JsonArray();
        foreach (var value in values)
            if (Resolve(value, name, idOf, out var known))
                resolved.Add(known);
        return resolved;
    }

    private static int? Start(string text, string name)
    {
        if (text.StartsWith(Prefix, StringComparison.Ordinal))
            return 0;
        var last = text.LastIndexOf('/') + 1;
        return name.Equals("$ref", StringComparison.OrdinalIgnoreCase)
            && text.AsSpan(last).StartsWith(Prefix, StringComparison.Ordinal) ? last : null;
    }
}
