using System.Text.Json;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Users.Search;

/// <summary>
/// What clients ask at every assignment: equality with a name, an id or an address; each has an index.
/// </summary>
internal static class Lookups
{
    /// <summary>
    /// Whether an index leads to the few users that can match, so that the rest of the filter costs nothing.
    /// </summary>
    public static bool IsLookup(this Filter filter, AttributeLookup find) => filter switch
    {
        Filter.And and => and.Left.IsLookup(find) || and.Right.IsLookup(find),
        Filter.ValuePath path => AddressIn(path, find) is not null,
        Filter.Comparison { Operator: FilterOperator.Eq, Value.ValueKind: JsonValueKind.String } equal =>
            find(equal.Attribute) is { } target
            && NameOf(target) is "userName" or "externalId" or "id" or "emails.value",
        _ => false,
    };

    /// <summary>The attribute of a user that a comparison is about: of <c>emails</c>, <c>emails.value</c>.</summary>
    public static string? NameOf(AttributeTarget target) => target switch
    {
        { Extension: not null } or { Attribute: null } => null,
        { Attribute: { } attribute, Leaf: { } leaf } when leaf != attribute => $"{attribute.Name}.{leaf.Name}",
        _ => target.Attribute.Name,
    };

    /// <summary>The address, and its type, that <c>emails[…]</c> asks for by equality alone.</summary>
    public static (string Value, string? Type)? AddressIn(Filter.ValuePath path, AttributeLookup find)
    {
        if (find(path.Attribute) is not { Extension: null, Attribute: { Name: "emails" } emails, Sub: null })
            return null;
        return path.Inner switch
        {
            Filter.Comparison equal when Part(equal, emails) is ("value", var value) => (value, null),
            Filter.And { Left: Filter.Comparison one, Right: Filter.Comparison other } =>
                (Part(one, emails), Part(other, emails)) switch
                {
                    (("value", var value), ("type", { Length: > 0 } type)) => (value, type),
                    (("type", { Length: > 0 } type), ("value", var value)) => (value, type),
                    _ => null,
                },
            _ => null,
        };
    }

    /// <summary>Reads an id; ids are exact (RFC 7643 §3.1), and what is no id is nobody's.</summary>
    public static bool TryReadId(string text, out Guid id) =>
        Guid.TryParseExact(text, "D", out id) && id.ToString() == text;

    private static (string Name, string Value)? Part(Filter.Comparison equal, SchemaAttribute emails) =>
        equal is { Operator: FilterOperator.Eq, Value.ValueKind: JsonValueKind.String }
        && emails.FindInside(equal.Attribute) is { Attribute.Name: "value" or "type" } target
            ? (target.Attribute.Name, (string)FilterLiteral.Read(equal, target).Value)
            : null;
}
