using Npgsql;

namespace SciLeads.Tests;

/// <summary>
/// The PostgreSQL server that the tests use: a <see cref="PrivatePostgres"/>, or the one that <c>TEST_POSTGRES</c>
/// names by a connection string. Each server under test gets a new database in it.
/// </summary>
internal static class TestPostgres
{
    private static readonly Lazy<string> server =
        new(() => Environment.GetEnvironmentVariable("TEST_POSTGRES") is { Length: > 0 } given
            ? given
            : new PrivatePostgres($"-c shared_buffers={SharedBuffers}").Connection);

    private static readonly Lock templateLock = new();
    private static string? template;

    /// <summary>Whether the tests of this run are to use PostgreSQL: <c>TEST_DATABASE=postgres</c>.</summary>
    public static bool IsWanted => Environment.GetEnvironmentVariable("TEST_DATABASE") == "postgres";

    /// <summary>
    /// What the private server caches, to be set before its first use; as it is, PostgreSQL's default. Creating and
    /// dropping a database goes through all of it, so that a large one slows the tests down.
    /// </summary>
    public static string SharedBuffers { get; set; } = "128MB";

    /// <summary>The connection string of a database that does not exist yet; migrations make it.</summary>
    public static string NewDatabase() => ConnectionTo($"test_{Guid.NewGuid():N}");

    /// <summary>
    /// The connection string of a new database that has its tables. They are made once, by <paramref name="migrate"/>,
    /// in a database that all others are copied from, which is faster than migrating each.
    /// </summary>
    public static string NewDatabase(Action<string> migrate)
    {
        lock (templateLock)
        {
            if (template is null)
            {
                var first = $"test_{Guid.NewGuid():N}";
                // While somebody is connected to it, it cannot be copied.
                migrate($"{ConnectionTo(first)};Pooling=False");
                template = first;
            }
        }
        var name = $"test_{Guid.NewGuid():N}";
        using var connection = new NpgsqlConnection($"{ConnectionTo("postgres")};Pooling=False");
        connection.Open();
#pragma warning disable CA2100 // Both names were made here.
        using var command = new NpgsqlCommand($"CREATE DATABASE {name} TEMPLATE {template}", connection);
#pragma warning restore CA2100
        command.ExecuteNonQuery();
        return ConnectionTo(name);
    }

    // Each server under test has a pool of its own; what it leaves behind must be closed before the next hundred start.
    // A busy build machine may take long to connect, which is no outage.
    private static string ConnectionTo(string database) =>
        $"{server.Value};Database={database};Maximum Pool Size=20;Connection Idle Lifetime=3;"
        + "Connection Pruning Interval=1;Timeout=60";
}
