using System.Text.Json;
using System.Text.Json.Serialization;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// A schema (RFC 7643 §7), read from a file in this folder. <c>/Schemas</c> serves the file, and validation, PATCH and
/// filters use it. To add an attribute, edit the file.
/// </summary>
internal sealed record Schema
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
    };

    /// <summary>
    /// The common attributes <c>schemas</c>, <c>id</c>, <c>externalId</c> and <c>meta</c> (RFC 7643 §3.1).
    /// </summary>
    public static Schema Common { get; } = Read("common.json");

    /// <summary>The schemas that clients see.</summary>
    public static IReadOnlyList<Schema> All { get; } =
    [
        .. EmbeddedFile.Names.Where(name => name.EndsWith(".schema.json", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(Read),
    ];

    /// <summary>The schema's URN.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }
    public required IReadOnlyList<SchemaAttribute> Attributes { get; init; }

    /// <summary>The JSON of the file.</summary>
    [JsonIgnore]
    public string Text { get; private init; } = "";

    /// <summary>Finds a schema by its URN, in any letter case (RFC 8141 §3.1).</summary>
    public static Schema? Find(string id) => All.FirstOrDefault(schema => schema.Is(id));

    public bool Is(string id) => string.Equals(Id, id, StringComparison.OrdinalIgnoreCase);

    /// <summary>Parses a schema in the format of RFC 7643 §7.</summary>
    public static Schema Parse(string text) => JsonSerializer.Deserialize<Schema>(text, Json)! with { Text = text };

    private static Schema Read(string file) => Parse(EmbeddedFile.Read(file));
}

/// <summary>Finds attributes by name, in any letter case (RFC 7643 §2.1).</summary>
internal static class SchemaAttributes
{
    public static SchemaAttribute? Find(this IReadOnlyList<SchemaAttribute> attributes, string name)
    {
        foreach (var attribute in attributes)
        {
            if (string.Equals(attribute.Name, name, StringComparison.OrdinalIgnoreCase))
                return attribute;
        }
        return null;
    }
}
