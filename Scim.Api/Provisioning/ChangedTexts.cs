using System.Text.Json.Nodes;
using Scim.Api.Protocol;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Provisioning;

/// <summary>The string values that a request changes in a user: only these are checked.</summary>
internal static class ChangedTexts
{
    private static readonly ResourceType Type = ResourceType.User;

    /// <summary>The new strings, each with its place and its attribute.</summary>
    public static IEnumerable<(string Place, SchemaAttribute Attribute, string Text)> In(
        JsonObject user, JsonObject? before)
    {
        // The display name comes last: it may be derived from names that violate a rule themselves.
        foreach (var (place, value) in DocumentPlaces.In(Type, user).OrderBy(place => place.Name == "displayName"))
        {
            var known = DocumentPlaces.ValueAt(Type, before, place);
            if (!AttributePath.TryParse(place, out var path)
                || Type.Find(path) is not { Attribute: { } attribute } target
                || JsonNode.DeepEquals(value, known))
                continue;
            attribute = target.Sub ?? attribute;
            var old = Texts(attribute, known).Select(text => text.Text).ToHashSet(StringComparer.Ordinal);
            foreach (var (part, text) in Texts(attribute, value).Where(text => !old.Contains(text.Text)))
                yield return (place, part, text);
        }
    }

    /// <summary>The new strings that cannot be stored, or do not have their attribute's format.</summary>
    public static IEnumerable<Violation> Check(JsonObject user, JsonObject? before) =>
        from changed in In(user, before)
        let fault = changed.Attribute.FaultOf(changed.Text)
        where fault is not null
        select new Violation(changed.Place, ScimError.InvalidValue($"A value of {changed.Place} {fault}"));

    private static IEnumerable<(SchemaAttribute Attribute, string Text)> Texts(
        SchemaAttribute attribute, JsonNode? value) => value switch
    {
        JsonArray several => several.SelectMany(one => Texts(attribute, one)),
        JsonObject parts => parts.SelectMany(part =>
            attribute.FindSub(part.Key) is { } sub ? Texts(sub, part.Value) : []),
        _ when DocumentReader.Text(value) is { } text => [(attribute, text)],
        _ => [],
    };
}
