using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Npgsql;
using static SQLitePCL.raw;

namespace Shared.Hosting.Data;

/// <summary>
/// Distinguishes a database outage from a bug. An outage ends by itself, or the operator has to end it; the client did
/// nothing wrong and may try again: 503 with <c>Retry-After</c>.
/// </summary>
public static class DatabaseOutage
{
    /// <summary>After how many seconds a client may try again.</summary>
    public const int RetryAfter = 5;

    /// <summary>
    /// Whether the database is down, does not answer in time, or is busy, full, read-only or damaged, according to this
    /// exception or an inner one.
    /// </summary>
    public static bool IsCauseOf(Exception? error) => error switch
    {
        null => false,
        // An outage of another server, not of the database.
        HttpRequestException => false,
        PostgresException postgres => IsOutage(postgres),
        // The connection failed or timed out, or none became free in the pool.
        NpgsqlException => true,
        SqliteException sqlite => IsOutage(sqlite),
        DbException { IsTransient: true } => true,
        // Npgsql, when its connection is cut off while it reads.
        NullReferenceException { Source: nameof(Npgsql) } => true,
        // The database's host cannot be resolved; a queue for the database took too long.
        SocketException or TimeoutException => true,
        _ => IsCauseOf(error.InnerException),
    };

    // The classes of PostgreSQL's error codes: https://www.postgresql.org/docs/current/errcodes-appendix.html.
    private static bool IsOutage(PostgresException error) =>
        error.IsTransient
        || error.SqlState[..2] switch
        {
            // Connection exception; insufficient resources (disk full); operator intervention; system error.
            "08" or "53" or "57" or "58" => true,
            // Invalid authorization, invalid catalog name: the database was moved or its password changed.
            "28" or "3D" => true,
            _ => false,
        }
        // The last one is the end of a session that was idle in a transaction, because this process was frozen.
        || error.SqlState is PostgresErrorCodes.ReadOnlySqlTransaction or PostgresErrorCodes.InsufficientPrivilege
            or PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted or "25P03";

    // https://www.sqlite.org/rescode.html
    private static bool IsOutage(SqliteException error) => error.SqliteErrorCode is
        SQLITE_BUSY or SQLITE_LOCKED or SQLITE_FULL or SQLITE_READONLY or SQLITE_IOERR or SQLITE_CANTOPEN or SQLITE_PERM
        or SQLITE_AUTH or SQLITE_NOMEM or SQLITE_CORRUPT or SQLITE_NOTADB or SQLITE_PROTOCOL or SQLITE_NOLFS;
}
