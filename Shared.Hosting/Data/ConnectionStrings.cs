using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Shared.Hosting.Data;

/// <summary>
/// Which database a connection string is for, and the defaults of this product. The operator's connection string takes
/// precedence, because a later value replaces an earlier one.
/// </summary>
public static class ConnectionStrings
{
    // PostgreSQL accepts 100 connections by default: enough for two nodes of each server with these defaults. Requests
    // that find no free connection wait in this process, which costs nothing. A dead server is noticed by the command
    // timeout or, on an idle connection, by TCP keepalive. Frequent statements stay prepared. Connections are not reset
    // when they return to the pool, as nothing sets session state (settings, locks, temporary tables).
    private const string PostgresDefaults = "Maximum Pool Size=20;Timeout=10;Command Timeout=10;"
        + "Max Auto Prepare=100;No Reset On Close=true;";

    // Only for TCP: Unix sockets reject them.
    private const string TcpDefaults = "TCP Keepalive=true;TCP Keepalive Time=30;TCP Keepalive Interval=10;";

    // How long a command waits for the writer of another process.
    private const string SqliteDefaults = "Default Timeout=10;";

    // A connection that only listens would not notice otherwise that the server is gone.
    private const string ListenDefaults = "Keepalive=5;";

    /// <summary>
    /// Whether it is for PostgreSQL, which has a host; SQLite has a file (<c>Data Source</c>). False if malformed.
    /// </summary>
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
    /// What is wrong with a connection string, as the end of a sentence that begins with the name of its setting; null
    /// if nothing is.
    /// </summary>
    public static string? FaultOf(string? connectionString)
    {
        if (string.IsNullOrWhiteSpace(connectionString))
            return "is not set: Data Source=FILE for SQLite, or Host=... for PostgreSQL.";
        try
        {
            DbConnectionStringBuilder _ = IsPostgres(connectionString)
                ? new NpgsqlConnectionStringBuilder(connectionString)
                : new SqliteConnectionStringBuilder(connectionString);
            return null;
        }
        // Some invalid values cause a FormatException.
        catch (Exception malformed) when (malformed is ArgumentException or FormatException or InvalidCastException)
        {
            return $"is not a valid connection string for SQLite or PostgreSQL: {malformed.Message}";
        }
    }

    /// <summary>The connection string with the defaults of this product.</summary>
    /// <param name="connectionString">The operator's connection string.</param>
    /// <param name="program">The name of the server, shown in <c>pg_stat_activity</c>.</param>
    public static string WithDefaults(string connectionString, string program)
    {
        if (!IsPostgres(connectionString))
            return SqliteDefaults + connectionString;
        var hosts = new NpgsqlConnectionStringBuilder(connectionString).Host!.Split(
            ',', StringSplitOptions.TrimEntries);
        var tcp = hosts.Any(host => host.StartsWith('/') || host.StartsWith('@')) ? "" : TcpDefaults;
        return $"Application Name={program};{PostgresDefaults}{tcp}{connectionString}";
    }

    /// <summary>For a separate connection that waits for PostgreSQL notifications.</summary>
    public static string ForListening(string connectionString, string program) =>
        Unpooled(ListenDefaults + WithDefaults(connectionString, program));

    /// <summary>For a connection that is closed after use rather than pooled, so that its session ends.</summary>
    public static string Unpooled(string connectionString) => IsPostgres(connectionString)
        ? new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString
        : new SqliteConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
}
