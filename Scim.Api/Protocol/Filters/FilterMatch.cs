using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// Holds a filter against a JSON object: a resource, or one value of a complex attribute. Absent attributes match
/// nothing but <c>not</c> and <c>eq null</c>; of several values, one that matches is enough.
/// </summary>
internal static class FilterMatch
{
    public static bool Matches(this Filter filter, JsonObject resource, AttributeLookup find) =>
        filter.Compile(find)(resource);

    /// <summary>
    /// What holds objects against the filter: names and values are looked up once, and a filter that is wrong is
    /// refused here, whatever an object holds.
    /// </summary>
    public static Func<JsonObject, bool> Compile(this Filter filter, AttributeLookup find)
    {
        switch (filter)
        {
            case Filter.And and:
                var (first, second) = (and.Left.Compile(find), and.Right.Compile(find));
                return resource => first(resource) && second(resource);
            case Filter.Or or:
                var (left, right) = (or.Left.Compile(find), or.Right.Compile(find));
                return resource => left(resource) || right(resource);
            case Filter.Not not:
                var inner = not.Inner.Compile(find);
                return resource => !inner(resource);
            case Filter.Present present:
                return IsPresent(find.Known(present.Attribute));
            case Filter.ValuePath path:
                return Compile(path, find);
            case Filter.Comparison { Value.ValueKind: JsonValueKind.Null } comparison:
                return comparison.AsPresence().Compile(find);
            case Filter.Comparison comparison:
                return Compile(comparison, find);
            default:
                throw new InvalidOperationException($"{filter.GetType()} is no filter.");
        }
    }

    private static Func<JsonObject, bool> Compile(Filter.ValuePath path, AttributeLookup find)
    {
        var target = find.KnownComplex(path.Attribute);
        var inner = path.Inner.Compile(target.Attribute!.FindInside);
        return resource => target.ValuesIn(resource).OfType<JsonObject>().Any(inner);
    }

    private static Func<JsonObject, bool> Compile(Filter.Comparison comparison, AttributeLookup find)
    {
        var target = find.Known(comparison.Attribute);
        var literal = FilterLiteral.Read(comparison, target);
        return resource => target.ComparedIn(resource).Any(literal.Compare);
    }

    private static Func<JsonObject, bool> IsPresent(AttributeTarget target) =>
        resource => target.ValuesIn(resource).Any(IsPresent);

    private static bool IsPresent(JsonNode value) => value switch
    {
        JsonObject parts => parts.Any(part => part.Value is not null && IsPresent(part.Value)),
        JsonArray array => array.Any(element => element is not null && IsPresent(element)),
        _ => true,
    };
}
