using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;

namespace Shared.Hosting.Data;

/// <summary>
/// Brings a database up to date, and refuses one with migrations that this version of the program does not know.
/// </summary>
public static class DatabaseMigration
{
    /// <summary>
    /// Creates the database if it does not exist. If several nodes do so at the same time, one succeeds.
    /// </summary>
    public static async Task EnsureExists(DbContext db, CancellationToken cancellation)
    {
        var creator = db.GetService<IRelationalDatabaseCreator>();
        if (await creator.ExistsAsync(cancellation))
            return;
        try
        {
            await creator.CreateAsync(cancellation);
        }
        catch (PostgresException error)
            when (error.SqlState is PostgresErrorCodes.DuplicateDatabase or PostgresErrorCodes.UniqueViolation)
        {
            // Another node created it first.
        }
    }

    /// <summary>Applies the pending migrations. The caller holds a <see cref="MigrationLock"/>.</summary>
    /// <exception cref="OperatorException">The database has a migration that this program does not know.</exception>
    public static async Task Apply(DbContext db, string program, CancellationToken cancellation)
    {
        // Entity Framework's migrator compares models first, which takes a tenth of a second, and locks the database.
        if (!await IsBehind(db, program, cancellation))
            return;
        // A migration of a large table may take any time.
        db.Database.SetCommandTimeout(TimeSpan.Zero);
        if (db.Database.IsSqlite())
            await RemoveAbandonedLock(db, cancellation);
        await db.Database.MigrateAsync(cancellation);
    }

    /// <summary>Requires that the database has exactly the migrations that this program knows.</summary>
    /// <exception cref="OperatorException">The database has other migrations.</exception>
    public static async Task RequireCurrent(DbContext db, string program, CancellationToken cancellation)
    {
        if (await IsBehind(db, program, cancellation))
            throw new OperatorException($"The database is not up to date. Run: {program} database migrate");
    }

    /// <summary>
    /// Requires that this program knows every migration that was applied: none is from a newer version, and none from
    /// before the first release.
    /// </summary>
    /// <exception cref="OperatorException">It has a migration that this program does not know.</exception>
    public static Task RequireKnown(DbContext db, string program, CancellationToken cancellation) =>
        IsBehind(db, program, cancellation);

    /// <summary>Whether migrations are pending. Requires that all applied ones are known.</summary>
    private static async Task<bool> IsBehind(DbContext db, string program, CancellationToken cancellation)
    {
        var known = db.Database.GetMigrations().ToList();
        var applied = (await db.Database.GetAppliedMigrationsAsync(cancellation)).ToList();
        if (applied.Except(known).LastOrDefault() is not { } unknown)
            return known.Except(applied).Any();
        // The id of a migration begins with the time when it was created.
        throw new OperatorException(string.CompareOrdinal(unknown, known[0]) < 0
            ? $"The database was created by a development version of {program} and cannot be upgraded: "
                + $"its migration {unknown} no longer exists. Use an empty database. "
                + "deploy/local.sh --fresh deletes the data of a local installation and starts again."
            : $"A newer version of {program} has migrated the database: this version does not know its migration "
                + $"{unknown}. Start the newer version, or restore a backup from before the upgrade.");
    }

    // Entity Framework locks a SQLite database with a row, which stays forever if the process dies. The caller holds
    // the migration lock, so nobody else is migrating and the row is abandoned.
    private static async Task RemoveAbandonedLock(DbContext db, CancellationToken cancellation)
    {
        var tables = await db.Database
            .SqlQuery<int>($"SELECT COUNT(*) AS Value FROM sqlite_master WHERE name = '__EFMigrationsLock'")
            .SingleAsync(cancellation);
        if (tables > 0)
            await db.Database.ExecuteSqlAsync($"""DELETE FROM "__EFMigrationsLock" """, cancellation);
    }
}

/// <summary>
/// Lets one process at a time prepare a database. PostgreSQL: a session-level advisory lock on a connection that is
/// closed afterwards rather than pooled, so that the lock ends with the process, however it ends. SQLite: a
/// <see cref="FileLock"/> beside the database.
/// </summary>
public sealed class MigrationLock : IAsyncDisposable
{
    // "SciLeads" in ASCII. Any number would do that no other program uses.
    private const long Key = 0x5363694C65616473;
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(100);
    private readonly IDisposable? file;

    private MigrationLock(NpgsqlConnection? connection, IDisposable? file) =>
        (Connection, this.file) = (connection, file);

    /// <summary>
    /// The connection that holds the lock on PostgreSQL; null on SQLite. Migrations run on it: if it breaks, the lock
    /// and the running migration end together.
    /// </summary>
    public NpgsqlConnection? Connection { get; }

    /// <summary>Waits for the lock and takes it.</summary>
    /// <param name="connectionString">The connection string of an existing database.</param>
    /// <param name="waiting">Called once if another process holds the lock.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task<MigrationLock> Take(
        string connectionString, Action waiting, CancellationToken cancellation)
    {
        if (!ConnectionStrings.IsPostgres(connectionString))
            return new(null, await TakeFile(connectionString, waiting, cancellation));
        var connection = new NpgsqlConnection(ConnectionStrings.Unpooled(connectionString));
        try
        {
            await connection.OpenAsync(cancellation);
            // PostgreSQL notices within half a minute that this host is gone. Timeouts configured for the role do not
            // apply to waiting and migrating.
            await Execute(
                connection,
                "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 4; "
                + "SET statement_timeout = 0; SET lock_timeout = 0",
                cancellation);
            if (await Execute(connection, $"SELECT pg_try_advisory_lock({Key})", cancellation) is not true)
            {
                waiting();
                await Execute(connection, $"SELECT pg_advisory_lock({Key})", cancellation);
            }
            return new(connection, null);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        if (Connection is not null)
            await Connection.DisposeAsync();
        file?.Dispose();
    }

    private static async Task<object?> Execute(NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
#pragma warning disable CA2100 // It contains only constants.
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(cancellation);
    }

    private static async Task<IDisposable?> TakeFile(
        string connectionString, Action waiting, CancellationToken cancellation)
    {
        var settings = new SqliteConnectionStringBuilder(connectionString);
        if (settings.Mode == SqliteOpenMode.Memory || settings.DataSource is "" or ":memory:")
            return null;
        var path = SqliteDatabase.FileOf(connectionString) + ".migration-lock";
        for (var hasWaited = false; ; hasWaited = true)
        {
            if (FileLock.TryTake(path) is { } taken)
                return taken;
            if (!hasWaited)
                waiting();
            await Task.Delay(pause, cancellation);
        }
    }
}
