using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Options;
using Scim.Api.Protocol.Paging;
using Shared.Hosting;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// An answer with a resource, a list of them, or nothing. Media type, <c>ETag</c> and <c>Location</c> are written here,
/// so that no endpoint can forget them.
/// </summary>
internal sealed record ScimResult : IResult
{
    private const string ListSchema = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
    private const int SentAtOnce = 16 * 1024;

    private readonly int status;
    private readonly Resource? resource;
    private readonly Action<IBufferWriter<byte>, string>? write;
    private readonly Func<StreamedAnswer, string, Task>? writeRest;

    private ScimResult(
        int status,
        Resource? resource = null,
        Action<IBufferWriter<byte>, string>? write = null,
        Func<StreamedAnswer, string, Task>? writeRest = null) =>
        (this.status, this.resource, this.write, this.writeRest) = (status, resource, write, writeRest);

    public static ScimResult Ok(Resource resource, Projection projection) =>
        Of(StatusCodes.Status200OK, resource, projection);

    /// <summary>A message that is no resource.</summary>
    public static ScimResult Ok(Action<IBufferWriter<byte>, string> write) =>
        new(StatusCodes.Status200OK, write: write);

    public static ScimResult Created(Resource resource, Projection projection) =>
        Of(StatusCodes.Status201Created, resource, projection);

    public static ScimResult NoContent { get; } = new(StatusCodes.Status204NoContent);

    /// <summary>The client has this version already (RFC 7644 §3.14).</summary>
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
        writeRest: list.Rest is { } rest ? (answer, baseUrl) =>
            WriteRest(answer, baseUrl, list, rest, projection) : null);

    /// <summary>All there is, on one page: schemas, resource types.</summary>
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
        response.ContentType = MediaTypes.ForAnswer(httpContext.Request);
        if (writeRest is null)
        {
            await WholeAnswer.Send(response, writer => write(writer, baseUrl));
            return;
        }
        // Of a page whose length nobody knows, the head says all.
        if (httpContext.IsHead())
            return;
        write(response.BodyWriter, baseUrl);
        await StreamedAnswer.Send(httpContext, answer => writeRest(answer, baseUrl));
    }

    private static void WriteHead(IBufferWriter<byte> writer, ListResponse list)
    {
        Write(writer, $$"""{"schemas":["{{ListSchema}}"],"totalResults":{{list.TotalResults}},""");
        if (list.StartIndex is { } startIndex)
            Write(writer, $"\"startIndex\":{startIndex},");
        // Only letters, digits, - and _ (RFC 9865 §2), so there is nothing to escape.
        if (list.NextCursor is { } cursor)
            Write(writer, $"\"nextCursor\":\"{cursor}\",");
        Write(writer, $"\"itemsPerPage\":{list.ItemsPerPage},\"Resources\":[");
    }

    private static async Task WriteRest(
        StreamedAnswer answer, string baseUrl, ListResponse list, ListRest rest, Projection projection)
    {
        var (written, unsent) = (list.Resources.Count, 0);
        await foreach (var one in rest.Read(answer.Cancellation))
        {
            if (written++ > 0)
                answer.Writer.Write(","u8);
            one.WriteTo(answer.Writer, baseUrl, projection);
            if ((unsent += one.Document.Length) < SentAtOnce)
                continue;
            await answer.Flush();
            unsent = 0;
        }
        answer.Writer.Write("]}"u8);
    }

    private static ScimResult Of(int status, Resource resource, Projection projection) =>
        new(status, resource, (writer, baseUrl) => resource.WriteTo(writer, baseUrl, projection));

    private static void Write(IBufferWriter<byte> writer, FormattableString json) =>
        Encoding.UTF8.GetBytes(json.ToString(CultureInfo.InvariantCulture), writer);
}
