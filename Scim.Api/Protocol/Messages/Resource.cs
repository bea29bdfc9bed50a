using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// A resource as it is answered: the stored document, which is JSON without <c>meta</c>, and what <c>meta</c> is made
/// of (RFC 7643 §3.1). Nothing is rebuilt unless the client asked for a part.
/// </summary>
internal sealed record Resource(string Type, string Path, string Document)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        // What is answered is JSON and nothing else, so letters beyond ASCII stay as they are.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public DateTime? Created { get; init; }

    public DateTime? LastModified { get; init; }

    public long? Version { get; init; }

    /// <summary>The entity tag: weak, as the same version may be written in other bytes (RFC 7644 §3.14).</summary>
    public string? ETag => Version is { } version ? $"W/\"{version.ToString(CultureInfo.InvariantCulture)}\"" : null;

    public static string Text(JsonNode json) => json.ToJsonString(Json);

    public string Location(string baseUrl) => baseUrl.TrimEnd('/') + Path;

    public void WriteTo(IBufferWriter<byte> writer, string baseUrl, Projection projection)
    {
        var meta = Meta(baseUrl);
        if (projection.IsWhole || ResourceType.Named(Type) is not { } type)
        {
            Encoding.UTF8.GetBytes(Document.AsSpan(0, Document.LastIndexOf('}')), writer);
            Encoding.UTF8.GetBytes($",\"meta\":{Text(meta)}}}", writer);
            return;
        }
        var resource = JsonNode.Parse(Document)!.AsObject();
        resource["meta"] = meta;
        projection.Cut(resource, type);
        Encoding.UTF8.GetBytes(Text(resource), writer);
    }

    private JsonObject Meta(string baseUrl)
    {
        var meta = new JsonObject { ["resourceType"] = Type };
        if (Created is { } created)
            meta["created"] = Time(created);
        if (LastModified is { } modified)
            meta["lastModified"] = Time(modified);
        meta["location"] = Location(baseUrl);
        if (ETag is not null)
            meta["version"] = ETag;
        return meta;
    }

    private static string Time(DateTime utc) =>
        utc.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
