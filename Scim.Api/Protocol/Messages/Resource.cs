using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Unicode;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// A resource as it is returned: the stored document, which is JSON without <c>meta</c>, and the values of <c>meta</c>
/// (RFC 7643 §3.1). The document is only parsed if the client asked for some of the attributes:
/// otherwise its bytes go from the database to the client.
/// </summary>
/// <param name="Type">The name of the resource type.</param>
/// <param name="Path">The address, relative to the SCIM Base URL.</param>
/// <param name="Document">The document in UTF-8.</param>
internal sealed record Resource(string Type, string Path, ReadOnlyMemory<byte> Document)
{
    // What meta takes besides the type and the location.
    private const int MaxMeta = 256;

    private static readonly JsonSerializerOptions Json = new()
    {
        // The output is never embedded in HTML, so non-ASCII characters need no escaping.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public Resource(string type, string path, string document)
        : this(type, path, Encoding.UTF8.GetBytes(document))
    {
    }

    /// <summary>Null if it is not recorded; then so are the time of the last change and the version.</summary>
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
        writer.Write(Document.Span[..Document.Span.LastIndexOf((byte)'}')]);
        var location = Json.Encoder!.Encode(Location(baseUrl));
        var meta = writer.GetSpan(MaxMeta + Encoding.UTF8.GetMaxByteCount(Type.Length + location.Length));
        int length;
        if (this is { Created: { } created, LastModified: { } modified, Version: { } version })
            Utf8.TryWrite(
                meta,
                CultureInfo.InvariantCulture,
                $",\"meta\":{{\"resourceType\":\"{Type}\",\"created\":\"{created:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}\","
                + $"\"lastModified\":\"{modified:yyyy-MM-dd'T'HH:mm:ss.fff'Z'}\",\"location\":\"{location}\","
                + $"\"version\":\"W/\\\"{version}\\\"\"}}}}",
                out length);
        else
            Utf8.TryWrite(
                meta, $",\"meta\":{{\"resourceType\":\"{Type}\",\"location\":\"{location}\"}}}}", out length);
        writer.Advance(length);
    }
}
