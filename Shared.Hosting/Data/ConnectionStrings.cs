using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Shared.Hosting.Data;

/// <summary>
/// Which database a connection string names, and the defaults of this product. What the operator's connection string
/// says takes precedence, because a later value replaces an earlier one.
/// </summary>
public static class ConnectionStrings
{
    // PostgreSQL accepts 100 connections unless it is told otherwise: enough for two nodes of each server with these
    // defaults. Whoever finds no free connection waits in this process, where waiting costs nothing. A dead server is
    // noticed by the timeout of a command or, on an idle connection, by TCP.
    private const string PostgresDefaults = "Maximum Pool Size=20;Timeout=10;Command Timeout=10;";

    // Not for Unix sockets, on which they are errors.
    private const string TcpDefaults = "TCP Keepalive=true;TCP Keepalive Time=30;TCP Keepalive Interval=10;";

    // How long a command waits for the writer of another process.
    private const string SqliteDefaults = "Default Timeout=10;";

    // A connection that only listens finds out that the other end is gone although nobody says so.
    private const string ListenDefaults = "Keepalive=5;";

    /// <summary>PostgreSQL has a host; SQLite has a file (<c>Data Source</c>). What is malformed has neither.</summary>
    public static bool IsPostgres(string connectionString)
    {
        try
        {
            return new DbConnectionStringBuilder { ConnectionString = connectionString }.ContainsKey("Host");
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>
    /// What is wrong with a connection string, to be said after the name of its setting; null if nothing is.
    /// </summary>
    public static string? FaultOf(string? connectionString)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
            return "is not set. It names the database: Data Source=FILE (SQLite) or Host=... (PostgreSQL).";
        try
        {
            DbConnectionStringBuilder _ = IsPostgres(connectionString)
                ? new NpgsqlConnectionStringBuilder(connectionString)
                : new SqliteConnectionStringBuilder(connectionString);
            return null;
        }
        // Some values are refused with a format exception.
        catch (Exception malformed) when (malformed is ArgumentException or FormatException or InvalidCastException)
        {
            return $"is not a valid connection string of SQLite or PostgreSQL: {malformed.Message}";
        }
    }

    /// <summary>The connection string with the defaults of this product.</summary>
    /// <param name="connectionString">What the operator has set.</param>
    /// <param name="program">The name of the server, which <c>pg_stat_activity</c> shows.</param>
    public static string WithDefaults(string connectionString, string program)
    {
        if (!IsPostgres(connectionString))
            return SqliteDefaults + connectionString;
        var hosts = new NpgsqlConnectionStringBuilder(connectionString).Host!.Split(
            ',', StringSplitOptions.TrimEntries);
        var tcp = hosts.Any(host => host.StartsWith('/') || host.StartsWith('@')) ? "" : TcpDefaults;
        return $"Application Name={program};{PostgresDefaults}{tcp}{connectionString}";
    }

    /// <summary>A connection of its own that waits for notifications of PostgreSQL.</summary>
    public static string ForListening(string connectionString, string program) =>
        Unpooled(ListenDefaults + WithDefaults(connectionString, program));

    /// <summary>A connection that is closed after its use, so that nothing of its session outlives it.</summary>
    public static string Unpooled(string connectionString) => IsPostgres(connectionString)
        ? new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString
        : new SqliteConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
}
