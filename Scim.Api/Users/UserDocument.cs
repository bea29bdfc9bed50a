using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Users;

/// <summary>Composes a user's document, and reads values from it.</summary>
internal static class UserDocument
{
    /// <summary>
    /// The document as it is stored: <c>schemas</c> and <c>id</c>, then the attributes that clients set.
    /// </summary>
    public static JsonObject Compose(Guid id, JsonObject attributes)
    {
        var type = ResourceType.User;
        var extensions = type.Extensions.Select(e => e.Id).Where(attributes.ContainsKey);
        var document = new JsonObject
        {
            ["schemas"] = new JsonArray([type.Schema.Id, .. extensions.Select(id => JsonValue.Create(id))]),
            ["id"] = id.ToString(),
        };
        foreach (var (name, value) in attributes)
            document[name] = value?.DeepClone();
        return document;
    }

    /// <summary>
    /// The names of the attributes in which two documents differ, except id and schemas: <c>title</c>,
    /// <c>name.givenName</c>, and for an extension its URN, a colon and the attribute.
    /// </summary>
    public static IEnumerable<string> Changes(JsonObject before, JsonObject after)
    {
        foreach (var name in Names(before, after).Where(name => name is not ("schemas" or "id")))
        {
            var isExtension = ResourceType.User.Extensions.Any(extension => extension.Id == name);
            if (!isExtension && (before[name] ?? after[name]) is not JsonObject)
                yield return name;
            else
                foreach (var part in Names(before[name] as JsonObject ?? [], after[name] as JsonObject ?? []))
                    yield return $"{name}{(isExtension ? ':' : '.')}{part}";
        }
    }

    private static IEnumerable<string> Names(JsonObject before, JsonObject after) =>
        before.Concat(after).Select(member => member.Key).Distinct()
            .Where(name => !JsonNode.DeepEquals(before[name], after[name]));

    public static string? UserName(JsonObject document) => DocumentReader.Text(document["userName"]);

    public static string? ExternalId(JsonObject document) => DocumentReader.Text(document["externalId"]);

    public static bool? Active(JsonObject document) => document["active"]?.GetValue<bool>();

    public static string? GivenName(JsonObject document) => DocumentReader.Text(document["name"]?["givenName"]);

    public static string? FamilyName(JsonObject document) => DocumentReader.Text(document["name"]?["familyName"]);

    public static string? DisplayName(JsonObject document) => DocumentReader.Text(document["displayName"]);

    public static IEnumerable<(string Value, string? Type)> Emails(JsonObject document) =>
        from email in document["emails"] as JsonArray ?? []
        let value = DocumentReader.Text(email?["value"])
        where value is not null
        select (value, DocumentReader.Text(email?["type"]));

    public static string SearchText(JsonObject document)
    {
        IEnumerable<string?> texts =
        [
            UserName(document), GivenName(document), FamilyName(document), DisplayName(document), ExternalId(document),
            .. Emails(document).Select(email => email.Value),
        ];
        return CaseFolding.Fold(string.Join('\n', texts.OfType<string>()));
    }
}
