using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;
using Scim.Api.Protocol.Paging;
using Shared.Hosting;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// A response with a resource, a list of resources, or no body. It sets the media type, <c>ETag</c> and
/// <c>Location</c>, so that no endpoint can forget them.
/// </summary>
internal sealed record ScimResult : IResult
{
    private const string ListSchema = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
    private const int FlushSize = 16 * 1024;

    private readonly int status;
    private readonly Resource? resource;
    private readonly Action<IBufferWriter<byte>, string>? write;
    private readonly Func<StreamedResponse, string, Task>? writeRest;

    private ScimResult(
        int status,
        Resource? resource = null,
        Action<IBufferWriter<byte>, string>? write = null,
        Func<StreamedResponse, string, Task>? writeRest = null) =>
        (this.status, this.resource, this.write, this.writeRest) = (status, resource, write, writeRest);

    public static ScimResult Ok(Resource resource, Projection projection) =>
        Of(StatusCodes.Status200OK, resource, projection);

    /// <summary>A message that is not a resource.</summary>
    public static ScimResult Ok(Action<IBufferWriter<byte>, string> write) =>
        new(StatusCodes.Status200OK, write: write);

    public static ScimResult Created(Resource resource, Projection projection) =>
        Of(StatusCodes.Status201Created, resource, projection);

    public static ScimResult NoContent { get; } = new(StatusCodes.Status204NoContent);

    /// <summary>The client already has this version (RFC 7644 §3.14).</summary>
    public static ScimResult NotModified(Resource resource) => new(StatusCodes.Status304NotModified, resource);

    public static ScimResult List(ListResponse list, Projection projection) => new(
        StatusCodes.Status200OK,
        write: (writer, baseUrl) =>
        {
            WriteHead(writer, list);
            for (var i = 0; i < list.Resources.Count; i++)
            {
                if (i > 0)
                    writer.Write(","u8);
                list.Resources[i].WriteTo(writer, baseUrl, projection);
            }
            if (list.Rest is null)
                writer.Write("]}"u8);
        },
        writeRest: list.Rest is { } rest ? (response, baseUrl) =>
            WriteRest(response, baseUrl, list, rest, projection) : null);

    /// <summary>A complete list on one page: schemas, resource types.</summary>
    public static ScimResult List(IReadOnlyList<Resource> resources) =>
        List(new ListResponse(resources.Count, resources) { StartIndex = 1 }, Projection.Whole);

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        var baseUrl = httpContext.RequestServices.GetRequiredService<IOptions<ScimOptions>>().Value.BaseUrl;
        response.StatusCode = status;
        response.Headers.CacheControl = "no-store";
        if (resource is not null)
        {
            response.Headers.Location = resource.Location(baseUrl);
            response.Headers.ETag = resource.ETag;
        }
        if (write is null)
            return;
        response.ContentType = MediaTypes.ForResponse(httpContext.Request);
        if (writeRest is null)
        {
            await BufferedResponse.Send(response, writer => write(writer, baseUrl));
            return;
        }
        // The length of a streamed page is unknown, so there is nothing to add for HEAD.
        if (httpContext.IsHead())
            return;
        write(response.BodyWriter, baseUrl);
        await StreamedResponse.Send(httpContext, stream => writeRest(stream, baseUrl));
    }

    private static void WriteHead(IBufferWriter<byte> writer, ListResponse list)
    {
        Write(writer, $$"""{"schemas":["{{ListSchema}}"],"totalResults":{{list.TotalResults}},""");
        if (list.StartIndex is { } startIndex)
            Write(writer, $"\"startIndex\":{startIndex},");
        // Only letters, digits, - and _ (RFC 9865 §2), so it needs no escaping.
        if (list.NextCursor is { } cursor)
            Write(writer, $"\"nextCursor\":\"{cursor}\",");
        Write(writer, $"\"itemsPerPage\":{list.ItemsPerPage},\"Resources\":[");
    }

    private static async Task WriteRest(
        StreamedResponse response, string baseUrl, ListResponse list, ListRest rest, Projection projection)
    {
        var (written, unsent) = (list.Resources.Count, 0);
        await foreach (var one in rest.Read(response.Cancellation))
        {
            if (written++ > 0)
                response.Writer.Write(","u8);
            one.WriteTo(response.Writer, baseUrl, projection);
            if ((unsent += one.Document.Length) < FlushSize)
                continue;
            await response.Flush();
            unsent = 0;
        }
        response.Writer.Write("]}"u8);
    }

    private static ScimResult Of(int status, Resource resource, Projection projection) =>
        new(status, resource, (writer, baseUrl) => resource.WriteTo(writer, baseUrl, projection));

    private static void Write(IBufferWriter<byte> writer, FormattableString json) =>
        Encoding.UTF8.GetBytes(json.ToString(CultureInfo.InvariantCulture), writer);
}
