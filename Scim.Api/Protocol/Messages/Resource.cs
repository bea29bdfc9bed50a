using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// A resource as it is returned: the stored document, which is JSON without <c>meta</c>, and the values of <c>meta</c>
/// (RFC 7643 §3.1). The document is only parsed if the client asked for some of the attributes.
/// </summary>
internal sealed record Resource(string Type, string Path, string Document)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        // The output is never embedded in HTML, so non-ASCII characters need no escaping.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public DateTime? Created { get; init; }

    public DateTime? LastModified { get; init; }

    public long? Version { get; init; }

    /// <summary>
    /// The entity tag: weak, because the same version may be serialized differently (RFC 7644 §3.14).
    /// </summary>
    public string? ETag => Version is { } version ? $"W/\"{version.ToString(CultureInfo.InvariantCulture)}\"" : null;

    public static string Text(JsonNode json) => json.ToJsonString(Json);

    public string Location(string baseUrl) => baseUrl.TrimEnd('/') + Path;

    public void WriteTo(IBufferWriter<byte> writer, string baseUrl, Projection projection)
    {
        if (ResourceType.Named(Type) is not { } type || (projection.IsWhole && type.Hidden.Count == 0))
        {
            WriteTo(writer, baseUrl);
            return;
        }
        var whole = new ArrayBufferWriter<byte>();
        WriteTo(whole, baseUrl);
        var resource = JsonNode.Parse(whole.WrittenSpan)!.AsObject();
        projection.ApplyTo(resource, type);
        Encoding.UTF8.GetBytes(Text(resource), writer);
    }

    private void WriteTo(IBufferWriter<byte> writer, string baseUrl)
    {
        Encoding.UTF8.GetBytes(Document.AsSpan(0, Document.LastIndexOf('}')), writer);
        writer.Write(",\"meta\":"u8);
        using (var meta = new Utf8JsonWriter(writer, new JsonWriterOptions { Encoder = Json.Encoder }))
        {
            meta.WriteStartObject();
            meta.WriteString("resourceType"u8, Type);
            if (Created is { } created)
                meta.WriteString("created"u8, Time(created));
            if (LastModified is { } modified)
                meta.WriteString("lastModified"u8, Time(modified));
            meta.WriteString("location"u8, Location(baseUrl));
            if (ETag is { } version)
                meta.WriteString("version"u8, version);
            meta.WriteEndObject();
        }
        writer.Write("}"u8);
    }

    private static string Time(DateTime utc) =>
        utc.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
