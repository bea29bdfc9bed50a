using Npgsql;

namespace SciLeads.Tests;

/// <summary>
/// The PostgreSQL server of the tests: a <see cref="PrivatePostgres"/>, or the one whose connection string is in
/// <c>TEST_POSTGRES</c>. Each server under test gets a new database in it.
/// </summary>
internal static class TestPostgres
{
    private static readonly Lazy<string> server =
        new(() => Environment.GetEnvironmentVariable("TEST_POSTGRES") is { Length: > 0 } given
            ? given
            : new PrivatePostgres($"-c shared_buffers={SharedBuffers}", IsDurable).Connection);

    private static readonly Lock templateLock = new();
    private static string? template;

    /// <summary>Whether the tests of this run use PostgreSQL: <c>TEST_DATABASE=postgres</c>.</summary>
    public static bool IsWanted => Environment.GetEnvironmentVariable("TEST_DATABASE") == "postgres";

    /// <summary>
    /// The cache of the private server, PostgreSQL's default; set it before the first use. Creating and
    /// dropping a database scans all of it, so a large one slows the tests down.
    /// </summary>
    public static string SharedBuffers { get; set; } = "128MB";

    /// <summary>Whether a commit of the private server survives a crash; set it before the first use.</summary>
    public static bool IsDurable { get; set; }

    /// <summary>The connection string of a database that does not exist yet; migrations create it.</summary>
    public static string NewDatabase() => ConnectionTo($"test_{Guid.NewGuid():N}");

    /// <summary>
    /// The connection string of a new database with tables. They are created once, by <paramref name="migrate"/>,
    /// in a database that all others are copied from, which is faster than migrating each.
    /// </summary>
    public static string NewDatabase(Action<string> migrate)
    {
        lock (templateLock)
        {
            if (template is null)
            {
                var first = $"test_{Guid.NewGuid():N}";
                // It cannot be copied while a connection to it is open.
                migrate($"{ConnectionTo(first)};Pooling=False");
                template = first;
            }
        }
        var name = $"test_{Guid.NewGuid():N}";
        using var connection = new NpgsqlConnection($"{ConnectionTo("postgres")};Pooling=False");
        connection.Open();
#pragma warning disable CA2100 // Both names are generated here.
        using var command = new NpgsqlCommand($"CREATE DATABASE {name} TEMPLATE {template}", connection);
#pragma warning restore CA2100
        command.ExecuteNonQuery();
        return ConnectionTo(name);
    }

    // Each server under test has its own pool, whose connections must be closed before the next hundred servers start.
    // Connecting may take long on a busy build machine, which must not look like an outage.
    private static string ConnectionTo(string database) =>
        $"{server.Value};Database={database};Maximum Pool Size=20;Connection Idle Lifetime=3;"
        + "Connection Pruning Interval=1;Timeout=60";
}
