using System.Collections.Concurrent;
using System.Data;
using System.Data.Common;
using System.Text.Json;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.Data.Sqlite;
using Npgsql;
using Shared.Contracts;
using Shared.Hosting;

namespace Auth.Server.Connect;

/// <summary>
/// Finds a token and all that its introspection tells, in one statement. Nothing is asked more often, so the statement stays
/// compiled, on a few connections that stay open: SQLite compiles anew for each command, which costs more than all the rest
/// of an introspection. When all of them are in use, a caller waits here for the next that becomes free. They belong to no
/// pool, so that nothing else that the server does keeps introspection from a connection.
/// </summary>
internal sealed class TokenLookup(string connectionString) : IDisposable
{
    private const int MostConnections = 5;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(10);

    private const string Statement =
        """
        SELECT t."Type", t."Status", t."ExpirationDate", t."KeyId", k."WithdrawnAt", g."Status", g."ReplacedAt",
            s."Id", s."State", s."ExpiresAt", s."Generation", s."Method",
            n."Id", n."EndedAt", n."ExpiresAt", d."Id", d."Email",
            a."Id", a."Name", a."PolicyVersion", a."ScimEnabled", a."Suspended", a."AttributeRules", a."RateLimit",
            a."RestoreInactive", a."Domains", l."Product", l."Seats", l."GivenToNewUsers",
            s."Activation", s."ActivateBefore", s."ConfirmedAt", t."SubjectTokenId",
            a."OmitPagination",
            (SELECT w."LastSeen" FROM "Nodes" w WHERE w."Id" = @node AND w."Retirement" IS NULL)
        FROM "OpenIddictTokens" t
        LEFT JOIN "Keys" k ON k."Id" = t."KeyId"
        LEFT JOIN "OpenIddictAuthorizations" g ON g."Id" = t."AuthorizationId"
        LEFT JOIN "CredentialSets" s ON s."Id" = t."CredentialSetId"
        LEFT JOIN "Sessions" n ON n."Id" = t."SessionId"
        LEFT JOIN "AspNetUsers" d ON d."Id" = n."AdministratorId"
        LEFT JOIN "Accounts" a ON a."Id" = COALESCE(s."AccountId", d."AccountId")
        LEFT JOIN "AccountLicence" l ON l."AccountId" = a."Id"
        WHERE t."Id" = @id
        """;

    private readonly ConcurrentBag<DbCommand> idle = [];
    private readonly SemaphoreSlim free = new(MostConnections, MostConnections);

    // The connections that stay open here are the pool.
    private readonly string database = Storage.IsPostgres(connectionString)
        ? ConnectionStrings.Unpooled(connectionString)
        : connectionString;

    /// <summary>The token whose row has this id, with those that it was exchanged for; null if there is none.</summary>
    /// <param name="id">The id of the token's row.</param>
    /// <param name="cancellation">Ends the lookup.</param>
    /// <param name="node">The node of <c>Scim.Api</c> that asks, of which it is told when it was last heard of.</param>
    public async Task<KnownToken?> Find(Guid id, CancellationToken cancellation, Guid? node = null)
    {
        var token = await FindAlone(id, node, cancellation);
        return token?.SubjectTokenId is { } subject ? token with { Subject = await Find(subject, cancellation) } : token;
    }

    public void Dispose()
    {
        CloseIdle();
        free.Dispose();
    }

    private async Task<KnownToken?> FindAlone(Guid id, Guid? node, CancellationToken cancellation)
    {
        if (!await free.WaitAsync(patience, cancellation))
            throw new TimeoutException("No connection for the lookup of a token became free in time.");
        try
        {
            return await FindNow(id, node, cancellation);
        }
        finally
        {
            free.Release();
        }
    }

    private async Task<KnownToken?> FindNow(Guid id, Guid? node, CancellationToken cancellation)
    {
        if (TakeIdle() is { } waiting)
        {
            try
            {
                return await Run(waiting, id, node, cancellation);
            }
            // The database was restarted while nobody looked, and the other connections are as dead. A database that does
            // not answer is not asked twice.
            catch (DbException error) when (error.InnerException is not TimeoutException)
            {
                CloseIdle();
            }
        }
        return await Run(await Prepare(cancellation), id, node, cancellation);
    }

    private DbCommand? TakeIdle()
    {
        while (idle.TryTake(out var command))
        {
            if (command.Connection!.State == ConnectionState.Open)
                return command;
            Close(command);
        }
        return null;
    }

    /// <summary>Closes the connections that nobody uses now.</summary>
    public void CloseIdle()
    {
        while (idle.TryTake(out var command))
            Close(command);
    }

    private async Task<KnownToken?> Run(DbCommand command, Guid id, Guid? node, CancellationToken cancellation)
    {
        var isSound = false;
        try
        {
            command.Parameters[0].Value = id;
            command.Parameters[1].Value = node ?? Guid.Empty;
            await using var row = await command.ExecuteReaderAsync(cancellation);
            var token = await row.ReadAsync(cancellation) ? await Read(row, cancellation) : null;
            isSound = true;
            return token;
        }
        finally
        {
            if (isSound)
                idle.Add(command);
            else
                Close(command);
        }
    }

    private async Task<DbCommand> Prepare(CancellationToken cancellation)
    {
        DbConnection connection = Storage.IsPostgres(connectionString)
            ? new NpgsqlConnection(database)
            : new SqliteConnection(database);
        var command = connection.CreateCommand();
        try
        {
            await connection.OpenAsync(cancellation);
            command.CommandText = Statement;
            foreach (var name in new[] { "@id", "@node" })
            {
                var parameter = command.CreateParameter();
                (parameter.ParameterName, parameter.DbType, parameter.Value) = (name, DbType.Guid, Guid.Empty);
                command.Parameters.Add(parameter);
            }
            await command.PrepareAsync(cancellation);
            return command;
        }
        catch
        {
            Close(command);
            throw;
        }
    }

    private static void Close(DbCommand command)
    {
        var connection = command.Connection;
        command.Dispose();
        connection?.Dispose();
    }

    private static async Task<KnownToken> Read(DbDataReader row, CancellationToken cancellation)
    {
        var token = new KnownToken
        {
            Type = Text(row, 0),
            Status = Text(row, 1),
            ExpiresAt = Time(row, 2),
            KeyId = Text(row, 3),
            KeyWithdrawn = !row.IsDBNull(4),
            FamilyStatus = Text(row, 5),
            FamilyReplaced = !row.IsDBNull(6),
            SubjectTokenId = row.IsDBNull(32) ? null : row.GetGuid(32),
            NodeLastSeen = Time(row, 34),
            CredentialSet = row.IsDBNull(7) ? null : new(
                row.GetGuid(7),
                Enum.Parse<CredentialSetState>(row.GetString(8)),
                Time(row, 9),
                row.IsDBNull(10) ? null : row.GetInt64(10),
                row.GetString(11),
                row.IsDBNull(29) ? null : Enum.Parse<Activation>(row.GetString(29)),
                Time(row, 30),
                !row.IsDBNull(31)),
            Session = row.IsDBNull(12) ? null : new(
                row.GetGuid(12), !row.IsDBNull(13), Time(row, 14)!.Value, row.GetGuid(15), row.GetString(16)),
            Account = row.IsDBNull(17) ? null : ReadAccount(row),
        };
        if (token.Account is null || row.IsDBNull(26))
            return token;

        // A row for each licence.
        var licences = new List<AccountPolicy.Licence>();
        do
        {
            licences.Add(new()
            {
                Product = row.GetString(26), Seats = row.GetInt32(27), GivenToNewUsers = row.GetBoolean(28),
            });
        }
        while (await row.ReadAsync(cancellation));
        return token with
        {
            Account = token.Account with
            {
                Licences = [.. licences.OrderBy(licence => licence.Product, StringComparer.Ordinal)],
            },
        };
    }

    private static AccountPolicy ReadAccount(DbDataReader row) => new()
    {
        Id = row.GetGuid(17),
        Name = row.GetString(18),
        Version = row.GetInt64(19),
        ScimEnabled = row.GetBoolean(20),
        Suspended = row.GetBoolean(21),
        AttributeRules = row.GetString(22),
        RateLimit = row.IsDBNull(23) ? null : row.GetInt32(23),
        RestoreInactive = row.GetBoolean(24),
        OmitPagination = row.GetBoolean(33),
        // An array on PostgreSQL, JSON on SQLite.
        Domains = row.GetValue(25) switch
        {
            string[] domains => domains,
            string json => JsonSerializer.Deserialize<string[]>(json)!,
            var other => throw new InvalidOperationException($"Domains are {other.GetType()}."),
        },
        Licences = [],
    };

    private static string? Text(DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static DateTime? Time(DbDataReader row, int column) =>
        row.IsDBNull(column) ? null : DateTime.SpecifyKind(row.GetDateTime(column), DateTimeKind.Utc);
}
