using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Users.Search;

/// <summary>
/// Recognizes the lookups that clients send for every assignment: equality with a name, an id or an address. Each of
/// them has an index.
/// </summary>
internal static class FilterClassification
{
    /// <summary>Whether an index finds the few users that can match, so that the rest of the filter is cheap.</summary>
    public static bool IsLookup(this BoundFilter filter) => filter switch
    {
        BoundFilter.And(var left, var right) => left.IsLookup() || right.IsLookup(),
        BoundFilter.ValuePath path => path.AsAddress() is not null,
        BoundFilter.Comparison { Target: var target, Literal.Operator: FilterOperator.Eq } =>
            NameOf(target) is "userName" or "externalId" or "id" or "emails.value",
        _ => false,
    };

    /// <summary>The name of the compared attribute: for <c>emails</c>, <c>emails.value</c>.</summary>
    public static string? NameOf(AttributeTarget target) => target switch
    {
        { Extension: not null } or { Attribute: null } => null,
        { Attribute: { } attribute, Leaf: { } leaf } when leaf != attribute => $"{attribute.Name}.{leaf.Name}",
        _ => target.Attribute.Name,
    };

    /// <summary>The address and type that <c>emails[…]</c> compares, if it only tests equality.</summary>
    public static (string Value, string? Type)? AsAddress(this BoundFilter.ValuePath path)
    {
        if (path.Target is not { Extension: null, Attribute.Name: "emails" })
            return null;
        return path.Inner switch
        {
            BoundFilter.Comparison equal when Part(equal) is ("value", var value) => (value, null),
            BoundFilter.And(BoundFilter.Comparison one, BoundFilter.Comparison other) => (Part(one), Part(other)) switch
            {
                (("value", var value), ("type", { Length: > 0 } type)) => (value, type),
                (("type", { Length: > 0 } type), ("value", var value)) => (value, type),
                _ => null,
            },
            _ => null,
        };
    }

    private static (string Name, string Value)? Part(BoundFilter.Comparison comparison) =>
        comparison is
        {
            Literal: { Operator: FilterOperator.Eq, Value: string value },
            Target.Attribute.Name: "value" or "type",
        }
            ? (comparison.Target.Attribute.Name, value)
            : null;
}
