using System.Text.Json;

namespace Scim.Api.Protocol.Schemas;

/// <summary>
/// A resource type with its schema and its schema extensions (RFC 7643 §6), read from a file in this folder. To add an
/// extension, add a schema file and a line in the resource type's file.
/// </summary>
internal sealed record ResourceType(string Name, string Endpoint, Schema Schema, IReadOnlyList<Schema> Extensions)
{
    public static ResourceType User { get; } = Read("user.type.json");

    public static IReadOnlyList<ResourceType> All { get; } = [User];

    /// <summary>The JSON of the file.</summary>
    public required string Text { get; init; }

    /// <summary>Attributes that are returned never, or only on request (RFC 7643 §2.2).</summary>
    public IReadOnlyList<AttributeTarget> Hidden { get; } =
    [
        .. from schema in Extensions.Prepend(Schema)
        from attribute in schema.Attributes
        from sub in attribute.SubAttributes.Prepend(null)
        where (sub ?? attribute).Returned is Returned.Never or Returned.Request
        select new AttributeTarget(Extensions.Contains(schema) ? schema : null, attribute, sub),
    ];

    public static ResourceType? Named(string name) => All.FirstOrDefault(type => type.Name == name);

    /// <summary>
    /// Looks up a path: without a URN among the attributes of the resource type and the common ones, with a URN among
    /// the attributes of that schema. The URN of an extension alone is the whole extension. An attribute of an
    /// extension is also found without its URN, unless another extension has an attribute of the same name.
    /// </summary>
    public AttributeTarget? Find(AttributePath path)
    {
        var text = path.ToString();
        if (Extensions.FirstOrDefault(extension => extension.Is(text)) is { } whole)
            return new AttributeTarget(whole, null, null);

        if (path.Schema is not null && !Schema.Is(path.Schema))
            return Extensions.FirstOrDefault(extension => extension.Is(path.Schema)) is { } named
                ? Target(named, named.Attributes.Find(path.Name), path)
                : null;
        if ((Schema.Attributes.Find(path.Name) ?? Schema.Common.Attributes.Find(path.Name)) is { } attribute)
            return Target(null, attribute, path);
        var having = path.Schema is null
            ? Extensions.Where(extension => extension.Attributes.Find(path.Name) is not null).Take(2).ToList()
            : [];
        return having is [var only] ? Target(only, only.Attributes.Find(path.Name), path) : null;
    }

    /// <summary>Whether a path is the URN of the core schema without an attribute.</summary>
    public bool IsCoreSchema(AttributePath path) => Schema.Is(path.ToString());

    private static AttributeTarget? Target(Schema? extension, SchemaAttribute? attribute, AttributePath path)
    {
        var sub = path.Sub is null ? null : attribute?.FindSub(path.Sub);
        return attribute is null || (path.Sub is not null && sub is null)
            ? null
            : new AttributeTarget(extension, attribute, sub);
    }

    private static ResourceType Read(string file)
    {
        var text = EmbeddedFile.Read(file);
        using var json = JsonDocument.Parse(text);
        var type = json.RootElement;
        return new ResourceType(
            type.GetProperty("name").GetString()!,
            type.GetProperty("endpoint").GetString()!,
            Known(type.GetProperty("schema")),
            [.. type.GetProperty("schemaExtensions").EnumerateArray().Select(e => Known(e.GetProperty("schema")))])
        {
            Text = text,
        };
    }

    private static Schema Known(JsonElement urn) =>
        Schema.Find(urn.GetString()!) ?? throw new InvalidOperationException($"No schema file has the id {urn}.");
}
