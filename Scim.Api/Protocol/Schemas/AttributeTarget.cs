using System.Text.Json.Nodes;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// The schema attribute that a path names: an attribute or sub-attribute of the resource itself or of an extension, or,
/// without an attribute, the whole extension.
/// </summary>
internal sealed record AttributeTarget(Schema? Extension, SchemaAttribute? Attribute, SchemaAttribute? Sub)
{
    /// <summary>The attribute whose value is compared.</summary>
    public SchemaAttribute? Leaf => Sub ?? Attribute?.ValueAttribute;

    public bool ReadOnly => Attribute?.Mutability == Mutability.ReadOnly || Sub?.Mutability == Mutability.ReadOnly;

    /// <summary>Whether its values must not appear in errors, events or logs.</summary>
    public bool IsSecret => Attribute is { IsSecret: true } || Sub is { IsSecret: true };

    public bool IsNeverReturned => (Sub ?? Attribute)?.Returned == Returned.Never;

    /// <summary>The object that holds the attribute; null if it does not exist.</summary>
    public JsonObject? FindHolder(JsonObject resource) =>
        Extension is null ? resource : resource[Extension.Id] as JsonObject;

    /// <summary>The object that holds the attribute; created if it does not exist.</summary>
    public JsonObject GetOrAddHolder(JsonObject resource)
    {
        if (FindHolder(resource) is { } holder)
            return holder;
        var added = new JsonObject();
        resource[Extension!.Id] = added;
        return added;
    }

    /// <summary>The values in a resource, one by one; none if the attribute is absent.</summary>
    public IEnumerable<JsonNode> ValuesIn(JsonObject resource)
    {
        var holder = FindHolder(resource);
        var value = Attribute is null ? holder : holder?[Attribute.Name];
        return Sub is null ? Each(value) : Parts(value, Sub);
    }

    /// <summary>The values that are compared: for <c>emails</c>, each <c>emails.value</c>.</summary>
    public IEnumerable<JsonNode> ComparedValuesIn(JsonObject resource) =>
        Sub is null && Leaf is { } leaf && leaf != Attribute
            ? ValuesIn(resource).SelectMany(each => Parts(each, leaf))
            : ValuesIn(resource);

    private static IEnumerable<JsonNode> Each(JsonNode? value) =>
        value switch { null => [], JsonArray array => array.OfType<JsonNode>(), _ => [value] };

    private static IEnumerable<JsonNode> Parts(JsonNode? value, SchemaAttribute sub) =>
        Each(value).OfType<JsonObject>().SelectMany(each => Each(each[sub.Name]));
}

/// <summary>Looks up a path in a schema or inside a complex attribute; null if it is unknown.</summary>
internal delegate AttributeTarget? AttributeLookup(AttributePath path);
