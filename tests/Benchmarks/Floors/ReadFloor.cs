using System.Buffers;
using System.Data.Common;
using System.Text.Unicode;
using Benchmarks.Tokens;

namespace Benchmarks.Floors;

/// <summary>
/// The floor of reading users: one prepared statement, from whose rows the bytes of the documents go to the socket. A
/// page is read with LIMIT and OFFSET, and all users are counted for it.
/// </summary>
internal sealed class ReadFloor(string connection)
{
    private const string Columns = """SELECT "Id", "Document", "Created", "LastModified", "Version" FROM "Users" """;
    private const string Present = """WHERE "AccountId" = $1 AND "DeletedAt" IS NULL """;
    private const int PageSize = 100;

    private readonly PreparedBatch byId = new(connection, writes: false, Columns + Present + """AND "Id" = $2""");

    private readonly PreparedBatch byUserName =
        new(connection, writes: false, Columns + Present + """AND "UserNameKey" = $2""");

    private readonly PreparedBatch page = new(
        connection,
        writes: false,
        $"""{Columns + Present}ORDER BY "Id" LIMIT {PageSize} OFFSET $2""",
        $"""SELECT COUNT(*) FROM "Users" {Present}""");

    public async Task Get(Guid account, Guid id, HttpContext http)
    {
        var answer = new ArrayBufferWriter<byte>(4096);
        await byId.Run([[account, id]], row => WriteUser(row, answer));
        await Respond(http, answer);
    }

    public async Task List(Guid account, HttpContext http)
    {
        var (users, total, items) = (new ArrayBufferWriter<byte>(4096), 0L, 0);
        var startIndex = int.TryParse(http.Request.Query["startIndex"], out var index) ? index : 1;
        if (http.Request.Query["filter"].ToString() is { Length: > 0 } filter)
        {
            // userName eq "..."
            var userName = filter[(filter.IndexOf('"') + 1)..^1].ToLowerInvariant();
            await byUserName.Run([[account, userName]], Add);
            total = items;
        }
        else
        {
            await page.Run([[account, startIndex - 1], [account]], row =>
            {
                if (row.FieldCount == 1)
                    total = row.GetInt64(0);
                else
                    Add(row);
            });
        }

        var answer = new ArrayBufferWriter<byte>(users.WrittenCount + 256);
        Utf8.TryWrite(
            answer.GetSpan(256),
            $"{{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":{total},"
            + $"\"startIndex\":{startIndex},\"itemsPerPage\":{items},\"Resources\":[",
            out var length);
        answer.Advance(length);
        answer.Write(users.WrittenSpan);
        answer.Write("]}"u8);
        await Respond(http, answer);

        void Add(DbDataReader row)
        {
            if (items++ > 0)
                users.Write(","u8);
            WriteUser(row, users);
        }
    }

    private static void WriteUser(DbDataReader row, ArrayBufferWriter<byte> writer)
    {
        var document = row.GetFieldValue<byte[]>(1);
        writer.Write(document.AsSpan(0, document.Length - 1));
        Utf8.TryWrite(
            writer.GetSpan(512),
            $",\"meta\":{{\"resourceType\":\"User\",\"created\":\"{row.GetDateTime(2):yyyy-MM-ddTHH:mm:ss.fffZ}\","
            + $"\"lastModified\":\"{row.GetDateTime(3):yyyy-MM-ddTHH:mm:ss.fffZ}\","
            + $"\"location\":\"{IssuedTokens.ScimBaseUrl}/Users/{row.GetGuid(0)}\","
            + $"\"version\":\"W/\\\"{row.GetInt64(4)}\\\"\"}}}}",
            out var length);
        writer.Advance(length);
    }

    private static async Task Respond(HttpContext http, ArrayBufferWriter<byte> answer)
    {
        if (answer.WrittenCount == 0)
        {
            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }
        http.Response.ContentType = "application/scim+json";
        http.Response.ContentLength = answer.WrittenCount;
        await http.Response.Body.WriteAsync(answer.WrittenMemory);
    }
}
