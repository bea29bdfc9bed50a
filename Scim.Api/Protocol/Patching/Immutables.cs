using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Patching;

/// <summary>
/// Attributes whose value is set once and never changes (<c>immutable</c>, RFC 7643 §2.2), including sub-attributes of
/// a single-valued complex attribute. A value of a multi-valued attribute can only be replaced as a whole.
/// </summary>
internal static class Immutables
{
    /// <summary>Refuses a change or removal of an immutable value (RFC 7644 §3.5.1 and §3.5.2).</summary>
    public static void Check(ResourceType type, JsonObject before, JsonObject after)
    {
        foreach (var (target, value) in In(type, before))
            if (!JsonNode.DeepEquals(value, ValueIn(target, after)))
                throw new ScimException(ScimError.Mutability(
                    $"{target.Sub?.Name ?? target.Attribute!.Name} is immutable: its value cannot be changed."));
    }

    /// <summary>Adds the immutable values that a PUT omits, because it did not ask to change them.</summary>
    public static void Keep(ResourceType type, JsonObject before, JsonObject after)
    {
        foreach (var (target, value) in In(type, before))
        {
            if (ValueIn(target, after) is not null)
                continue;
            var holder = target.GetOrAddHolder(after);
            if (target.Sub is { } sub)
                (holder[target.Attribute!.Name] ??= new JsonObject())[sub.Name] = value.DeepClone();
            else
                holder[target.Attribute!.Name] = value.DeepClone();
        }
    }

    private static IEnumerable<(AttributeTarget Target, JsonNode Value)> In(ResourceType type, JsonObject document) =>
        from target in Of(null, type.Schema).Concat(type.Extensions.SelectMany(extension => Of(extension, extension)))
        let value = ValueIn(target, document)
        where value is not null
        select (target, value);

    private static IEnumerable<AttributeTarget> Of(Schema? extension, Schema schema) =>
        schema.Attributes.Where(IsImmutable).Select(attribute => new AttributeTarget(extension, attribute, null))
            .Concat(
                from attribute in schema.Attributes
                where !attribute.MultiValued && !IsImmutable(attribute)
                from sub in attribute.SubAttributes
                where IsImmutable(sub)
                select new AttributeTarget(extension, attribute, sub));

    private static JsonNode? ValueIn(AttributeTarget target, JsonObject document)
    {
        var value = target.FindHolder(document)?[target.Attribute!.Name];
        return target.Sub is { } sub ? value?[sub.Name] : value;
    }

    private static bool IsImmutable(SchemaAttribute attribute) => attribute.Mutability == Mutability.Immutable;
}
