using System.Text.Json.Nodes;
using Scim.Api.Protocol.Filters;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// Finds equal values of a multi-valued attribute. Two values are equal if <c>value</c> and <c>type</c> are (RFC 7643
/// §2.4) or, without a <c>value</c>, if all sub-attributes are; compared by the schema's <c>caseExact</c>. If the
/// schema has no canonical types, as for roles, a value without a type also equals one with a type.
/// </summary>
internal sealed class ValueIndex(SchemaAttribute attribute)
{
    private readonly SchemaAttribute? main = attribute.Type == AttributeType.Complex
        ? attribute.FindSub("value")
        : null;
    private readonly SchemaAttribute? type = attribute.FindSub("type");
    private readonly Dictionary<string, List<JsonNode>> values = new(StringComparer.Ordinal);

    /// <summary>Creates an index of the values in a list.</summary>
    public static ValueIndex Of(SchemaAttribute attribute, JsonArray list)
    {
        var index = new ValueIndex(attribute);
        foreach (var value in list.OfType<JsonNode>())
            index.Index(value);
        return index;
    }

    /// <summary>Adds a value to the index and to the list.</summary>
    public void Add(JsonNode value, JsonArray list)
    {
        list.Add(value);
        Index(value);
    }

    /// <summary>Finds the value that equals another one; null if there is none.</summary>
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

    private void Index(JsonNode value)
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
