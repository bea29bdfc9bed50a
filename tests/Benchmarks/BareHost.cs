using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using Npgsql;
using Scim.Api.Data;

namespace Benchmarks;

/// <summary>
/// The baseline for the real server: the least code that answers <c>GET /Users/{id}</c> with the same bytes, a minimal
/// API and one prepared statement, on connections that stay open.
/// </summary>
internal static class BareHost
{
    private const string Statement =
        """
        SELECT "Document", "Created", "LastModified", "Version" FROM "Users"
        WHERE "AccountId" = @account AND "Id" = @id AND "DeletedAt" IS NULL
        """;

    public static WebApplication Build(string connection)
    {
        var builder = WebApplication.CreateBuilder(["--Urls=http://127.0.0.1:0"]);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var app = builder.Build();
        var idle = new ConcurrentBag<DbCommand>();
        app.MapGet("/scim/v2/Users/{id:guid}", async (Guid id, HttpContext http) =>
        {
            if (!idle.TryTake(out var command))
                command = await Prepare(connection);
            command.Parameters[1].Value = id;
            var answer = await Read(command, id);
            idle.Add(command);
            if (answer is null)
            {
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }
            http.Response.ContentType = "application/scim+json";
            http.Response.ContentLength = answer.Length;
            await http.Response.Body.WriteAsync(answer);
        });
        return app;
    }

    private static async Task<byte[]?> Read(DbCommand command, Guid id)
    {
        await using var reader = await command.ExecuteReaderAsync();
        if (!await reader.ReadAsync())
            return null;
        var document = reader.GetString(0);
        var (created, modified) = (reader.GetDateTime(1), reader.GetDateTime(2));
        return Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"{document.AsSpan(0, document.Length - 1)},\"meta\":{{\"resourceType\":\"User\","
            + $"\"created\":\"{created:yyyy-MM-ddTHH:mm:ss.fffZ}\","
            + $"\"lastModified\":\"{modified:yyyy-MM-ddTHH:mm:ss.fffZ}\","
            + $"\"location\":\"http://localhost:5002/scim/v2/Users/{id}\","
            + $"\"version\":\"W/\\\"{reader.GetInt64(3)}\\\"\"}}}}"));
    }

    private static async Task<DbCommand> Prepare(string connectionString)
    {
        DbConnection connection = new DatabaseOptions { Scim = connectionString }.IsPostgres
            ? new NpgsqlConnection(connectionString)
            : new SqliteConnection(connectionString);
        await connection.OpenAsync();
        var command = connection.CreateCommand();
        command.CommandText = Statement;
        Add(command, "@account", SeededUsers.Account.Id);
        Add(command, "@id", Guid.Empty);
        await command.PrepareAsync();
        return command;
    }

    private static void Add(DbCommand command, string name, Guid value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.DbType, parameter.Value) = (name, DbType.Guid, value);
        command.Parameters.Add(parameter);
    }
}
