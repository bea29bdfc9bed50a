using System.Text.Json.Nodes;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// Evaluates a filter on a JSON object: a resource, or one value of a complex attribute. An absent attribute matches
/// only <c>not</c> and <c>eq null</c>. Of several values, one that matches is enough.
/// </summary>
internal static class FilterMatch
{
    public static bool Matches(this BoundFilter filter, JsonObject resource) => filter switch
    {
        BoundFilter.And(var left, var right) => left.Matches(resource) && right.Matches(resource),
        BoundFilter.Or(var left, var right) => left.Matches(resource) || right.Matches(resource),
        BoundFilter.Not(var inner) => !inner.Matches(resource),
        BoundFilter.Present(var target) => target.ValuesIn(resource).Any(IsPresent),
        BoundFilter.ValuePath(var target, var inner) =>
            target.ValuesIn(resource).OfType<JsonObject>().Any(inner.Matches),
        BoundFilter.Comparison(var target, var literal) => target.ComparedValuesIn(resource).Any(literal.Compare),
        _ => throw new InvalidOperationException($"{filter.GetType()} is not a filter."),
    };

    private static bool IsPresent(JsonNode value) => value switch
    {
        JsonObject parts => parts.Any(part => part.Value is not null && IsPresent(part.Value)),
        JsonArray array => array.Any(element => element is not null && IsPresent(element)),
        _ => true,
    };
}
