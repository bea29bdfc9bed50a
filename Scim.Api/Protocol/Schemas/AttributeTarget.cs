using System.Text.Json.Nodes;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// What a path names in the schema: an attribute or one of its sub-attributes, of the resource itself or of an
/// extension; or, without an attribute, the whole extension.
/// </summary>
internal sealed record AttributeTarget(Schema? Extension, SchemaAttribute? Attribute, SchemaAttribute? Sub)
{
    /// <summary>The attribute whose value counts in a comparison.</summary>
    public SchemaAttribute? Leaf => Sub ?? Attribute?.Significant;

    public bool ReadOnly => Attribute?.Mutability == Mutability.ReadOnly || Sub?.Mutability == Mutability.ReadOnly;

    /// <summary>Whether its values must not appear in errors, events or logs.</summary>
    public bool IsSecret => Attribute is { IsSecret: true } || Sub is { IsSecret: true };

    public bool IsNeverReturned => (Sub ?? Attribute)?.Returned == Returned.Never;

    /// <summary>The object that holds the attribute, if it is there.</summary>
    public JsonObject? HolderIn(JsonObject resource) =>
        Extension is null ? resource : resource[Extension.Id] as JsonObject;

    /// <summary>The object that holds the attribute; made if need be.</summary>
    public JsonObject HolderMadeIn(JsonObject resource)
    {
        if (HolderIn(resource) is { } holder)
            return holder;
        var made = new JsonObject();
        resource[Extension!.Id] = made;
        return made;
    }

    /// <summary>The values in a resource, one by one; none if the attribute is absent.</summary>
    public IEnumerable<JsonNode> ValuesIn(JsonObject resource)
    {
        var holder = HolderIn(resource);
        var value = Attribute is null ? holder : holder?[Attribute.Name];
        return Sub is null ? Each(value) : Parts(value, Sub);
    }

    /// <summary>The values that count in a comparison: of <c>emails</c>, each <c>emails.value</c>.</summary>
    public IEnumerable<JsonNode> ComparedIn(JsonObject resource) =>
        Sub is null && Leaf is { } leaf && leaf != Attribute
            ? ValuesIn(resource).SelectMany(each => Parts(each, leaf))
            : ValuesIn(resource);

    private static IEnumerable<JsonNode> Each(JsonNode? value) =>
        value switch { null => [], JsonArray array => array.OfType<JsonNode>(), _ => [value] };

    private static IEnumerable<JsonNode> Parts(JsonNode? value, SchemaAttribute sub) =>
        Each(value).OfType<JsonObject>().SelectMany(each => Each(each[sub.Name]));
}

/// <summary>Looks a path up in a schema, or inside a complex attribute; null is unknown.</summary>
internal delegate AttributeTarget? AttributeLookup(AttributePath path);
