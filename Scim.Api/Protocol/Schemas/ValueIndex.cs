using System.Text.Json.Nodes;
using Scim.Api.Protocol.Filters;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// The values of a multi-valued attribute, to find out which one another value is. Two are the same if <c>value</c> and
/// <c>type</c> are (RFC 7643 §2.4), or, without a <c>value</c>, all parts; compared by the schema's <c>caseExact</c>.
/// Where the schema suggests no types, as for roles, a value without a type is also the same as one that has a type.
/// </summary>
internal sealed class ValueIndex(SchemaAttribute attribute)
{
    private readonly SchemaAttribute? main = attribute.Type == AttributeType.Complex
        ? attribute.FindSub("value")
        : null;
    private readonly SchemaAttribute? type = attribute.FindSub("type");
    private readonly Dictionary<string, List<JsonNode>> values = new(StringComparer.Ordinal);

    /// <summary>An index of the values that are in a list.</summary>
    public static ValueIndex Of(SchemaAttribute attribute, JsonArray list)
    {
        var index = new ValueIndex(attribute);
        foreach (var value in list.OfType<JsonNode>())
            index.Remember(value);
        return index;
    }

    /// <summary>Adds a value to the index and to the list.</summary>
    public void Add(JsonNode value, JsonArray list)
    {
        list.Add(value);
        Remember(value);
    }

    /// <summary>The value that is the same as another one; null if there is none.</summary>
    public JsonNode? Find(JsonNode other)
    {
        if (!values.TryGetValue(Key(other), out var alike))
            return null;
        if (Main(other) is null)
            return alike[0];
        var wanted = TypeOf(other);
        return alike.Find(value => TypeOf(value) == wanted)
            ?? (type is { CanonicalValues.Count: 0 }
                ? alike.Find(value => wanted is null || TypeOf(value) is null)
                : null);
    }

    private void Remember(JsonNode value)
    {
        var key = Key(value);
        if (values.TryGetValue(key, out var alike))
            alike.Add(value);
        else
            values[key] = [value];
    }

    private JsonNode? Main(JsonNode value) => main is null ? null : (value as JsonObject)?[main.Name];

    private string Key(JsonNode value) => Main(value) is { } significant
        ? $"value {SearchDocument.Fold(main!, significant)?.ToJsonString()}"
        : SearchDocument.Fold(attribute, value)?.ToJsonString() ?? "";

    private string? TypeOf(JsonNode value) => (value as JsonObject)?[type?.Name ?? ""] is { } label
        ? SearchDocument.Fold(type!, label)?.ToJsonString()
        : null;
}
