using System.Text.Json.Nodes;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// The places of a resource's document that have a value of their own, named as in provisioning events: attributes,
/// such as <c>title</c> and <c>emails</c>, and the members of a single object, such as <c>name.givenName</c> and
/// <c>urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department</c>.
/// </summary>
internal static class DocumentPlaces
{
    /// <summary>All places with a value, except <c>schemas</c> and <c>id</c>.</summary>
    public static IEnumerable<(string Name, JsonNode? Value)> In(ResourceType type, JsonObject document)
    {
        foreach (var (name, value) in document.Where(member => member.Key is not ("schemas" or "id")))
        {
            if (value is JsonObject parts)
                foreach (var (part, inner) in parts)
                    yield return (name + (IsExtension(type, name) ? ':' : '.') + part, inner);
            else
                yield return (name, value);
        }
    }

    /// <summary>The value at a place; null if there is none.</summary>
    public static JsonNode? ValueAt(ResourceType type, JsonObject? document, string place)
    {
        var (outer, part) = Split(type, place);
        return part is null ? document?[outer] : (document?[outer] as JsonObject)?[part];
    }

    /// <summary>Copies the value of a place from another document.</summary>
    public static void Copy(ResourceType type, JsonObject from, JsonObject to, string place)
    {
        var (outer, part) = Split(type, place);
        var holder = to;
        if (part is not null)
        {
            if (to[outer] is not JsonObject)
                to[outer] = new JsonObject();
            holder = to[outer]!.AsObject();
        }
        if (ValueAt(type, from, place) is { } value)
            holder[part ?? outer] = value.DeepClone();
        else
            holder.Remove(part ?? outer);
        if (holder.Count == 0)
            to.Remove(outer);
    }

    // A URN has colons and dots of its own.
    private static (string Outer, string? Part) Split(ResourceType type, string place)
    {
        var end = type.Extensions.FirstOrDefault(extension => IsIn(extension, place)) is { } owner
            ? owner.Id.Length
            : place.IndexOf('.', StringComparison.Ordinal);
        return end < 0 ? (place, null) : (place[..end], place[(end + 1)..]);
    }

    private static bool IsIn(Schema extension, string place) =>
        place.Length > extension.Id.Length && place.StartsWith(extension.Id, StringComparison.Ordinal);

    private static bool IsExtension(ResourceType type, string name) =>
        type.Extensions.Any(extension => extension.Id == name);
}
