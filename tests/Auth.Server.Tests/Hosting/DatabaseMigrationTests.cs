using Auth.Server.Data;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using SciLeads.Tests;
using Shared.Hosting;

namespace Auth.Server.Tests.Hosting;

/// <summary>Several processes bring a database up to date; one may die, and one may be older than the database.</summary>
public sealed class DatabaseMigrationTests
{
    private const string FromTheFuture = "99990101000000_FromTheFuture";
    private DirectoryInfo folder = null!;
    private Database database = null!;

    [SetUp]
    public void MakeDatabase()
    {
        folder = Directory.CreateTempSubdirectory("migration-");
        var connection = TestPostgres.IsWanted
            ? TestPostgres.NewDatabase()
            : $"Data Source={Path.Combine(folder.FullName, "auth.db")}";
        database = new(ConnectionStrings.WithDefaults(connection, "Auth.Server"));
        Storage.Guard(database.ConnectionString);
    }

    [TearDown]
    public void RemoveDatabase()
    {
        SqliteConnection.ClearAllPools();
        folder.Delete(recursive: true);
    }

    [TestCase(null, Description = "There is no database yet, so that all migrations are pending.")]
    [TestCase("RestoreInactive")]
    public async Task Nodes_that_start_at_once_migrate_one_after_another(string? before)
    {
        if (before is not null)
        {
            await using var db = Pooled();
            await db.GetService<IMigrator>().MigrateAsync(before);
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Migrate())));

        await using var after = Pooled();
        Assert.That(await after.Database.GetPendingMigrationsAsync(), Is.Empty);
        if (TestPostgres.IsWanted)
            Assert.That(await CountLocks(after), Is.Zero, "and nobody keeps the lock in a pool");
    }

    [Test]
    public async Task Whoever_waits_goes_on_when_the_process_that_migrates_dies()
    {
        await Migrate();
        var waits = new TaskCompletionSource();
        var dying = await MigrationLock.Take(database.ConnectionString, () => { }, CancellationToken.None);
        var next = Task.Run(() => Migrate(waits.SetResult));
        await waits.Task;
        Assert.That(next.IsCompleted, Is.False);

        if (dying.Connection is { } connection)
        {
            await using var db = Pooled();
            await db.Database.ExecuteSqlAsync($"SELECT pg_terminate_backend({connection.ProcessID})");
        }
        else
        {
            await dying.DisposeAsync();
        }

        await next;
        await dying.DisposeAsync();
    }

    [Test]
    public async Task A_lock_that_a_dead_process_has_left_in_SQLite_stops_nobody()
    {
        if (TestPostgres.IsWanted)
            Assert.Pass("PostgreSQL has no such lock.");
        await using (var db = Pooled())
        {
            await db.GetService<IMigrator>().MigrateAsync("RestoreInactive");
            await db.Database.ExecuteSqlAsync($"""INSERT INTO "__EFMigrationsLock" VALUES (1, '2026-11-26 10:00:00')""");
        }

        await Migrate().WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Test]
    public async Task A_database_that_a_newer_version_has_migrated_is_refused()
    {
        await Migrate();
        await AddMigrationFromTheFuture(database);
        await using var db = Pooled();

        Assert.That(() => Migrate(), RefusesTheFuture);
        Assert.That(() => DatabaseMigration.RequireCurrent(db, "Auth.Server", default), RefusesTheFuture);
        Assert.That(() => DatabaseMigration.RequireKnown(db, "Auth.Server", default), RefusesTheFuture);
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task A_server_does_not_start_on_a_newer_database(bool migrate)
    {
        await using var server = await AuthServer.Start();
        await AddMigrationFromTheFuture(server.Services.GetRequiredService<Database>());
        Assert.That(() => server.PrepareAgain(migrate), RefusesTheFuture);
    }

    private static NUnit.Framework.Constraints.IResolveConstraint RefusesTheFuture =>
        Throws.TypeOf<OperatorException>().With.Message.Contains("newer version").And.Message.Contains(FromTheFuture);

    private static async Task AddMigrationFromTheFuture(Database database)
    {
        await using var db = database.Open(null, NullLoggerFactory.Instance);
        await db.Database.ExecuteSqlAsync($"""INSERT INTO "__EFMigrationsHistory" VALUES ({FromTheFuture}, '99.0.0')""");
    }

    private static async Task<long> CountLocks(AuthDbContext db)
    {
        await using var connection = new NpgsqlConnection(db.Database.GetConnectionString() + ";Pooling=False");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT COUNT(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
            + "WHERE locktype = 'advisory' AND datname = current_database()", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private AuthDbContext Pooled() => database.Open(null, NullLoggerFactory.Instance);

    /// <summary>What a node does with the database when it starts.</summary>
    private async Task Migrate(Action? waiting = null)
    {
        await using (var db = Pooled())
            await DatabaseMigration.EnsureExists(db, CancellationToken.None);
        await using var migration = await MigrationLock.Take(
            database.ConnectionString, waiting ?? (() => { }), CancellationToken.None);
        await using var own = database.Open(migration.Connection, NullLoggerFactory.Instance);
        await DatabaseMigration.Apply(own, "Auth.Server", CancellationToken.None);
    }
}
