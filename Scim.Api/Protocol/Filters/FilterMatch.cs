using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// Holds a filter against a JSON object: a resource, or one value of a complex attribute. Absent attributes match
/// nothing but <c>not</c> and <c>eq null</c>; of several values, one that matches is enough.
/// </summary>
internal static class FilterMatch
{
    public static bool Matches(this Filter filter, JsonObject resource, AttributeLookup find) => filter switch
    {
        Filter.And and => and.Left.Matches(resource, find) & and.Right.Matches(resource, find),
        Filter.Or or => or.Left.Matches(resource, find) | or.Right.Matches(resource, find),
        Filter.Not not => !not.Inner.Matches(resource, find),
        Filter.Present present => Known(present.Attribute, find).ValuesIn(resource).Any(IsPresent),
        Filter.ValuePath path => Matches(path, resource, find),
        Filter.Comparison comparison => Matches(comparison, resource, find),
        _ => throw new InvalidOperationException($"{filter.GetType()} is no filter."),
    };

    private static bool Matches(Filter.ValuePath path, JsonObject resource, AttributeLookup find)
    {
        var target = Known(path.Attribute, find);
        if (target is not { Attribute: { Type: AttributeType.Complex } attribute, Sub: null })
            throw Invalid($"{path.Attribute} has no sub-attributes to filter by.");
        // So that a filter is refused or not whatever the resource holds.
        path.Inner.Matches([], attribute.FindInside);
        return target.ValuesIn(resource).OfType<JsonObject>().Any(v => path.Inner.Matches(v, attribute.FindInside));
    }

    private static bool Matches(Filter.Comparison comparison, JsonObject resource, AttributeLookup find)
    {
        var target = Known(comparison.Attribute, find);
        if (comparison is { Value.ValueKind: JsonValueKind.Null, Operator: var equality })
        {
            var present = target.ValuesIn(resource).Any(IsPresent);
            return equality switch
            {
                FilterOperator.Eq => !present,
                FilterOperator.Ne => present,
                _ => throw Invalid($"{comparison}: null can only be compared by eq and ne."),
            };
        }
        var literal = FilterLiteral.Read(comparison, target);
        return target.ComparedIn(resource).Any(literal.Compare);
    }

    private static AttributeTarget Known(AttributePath path, AttributeLookup find) =>
        find(path) is { Attribute: not null } target
            ? target
            : throw Invalid($"{path} is not an attribute that is known here.");

    private static ScimException Invalid(string detail) => new(ScimError.InvalidFilter(detail));

    private static bool IsPresent(JsonNode value) => value switch
    {
        JsonObject parts => parts.Any(part => part.Value is not null && IsPresent(part.Value)),
        JsonArray array => array.Any(element => element is not null && IsPresent(element)),
        _ => true,
    };
}
