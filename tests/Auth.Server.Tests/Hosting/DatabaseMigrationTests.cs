using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using SciLeads.Tests;
using Shared.Hosting;
using Shared.Hosting.Data;

namespace Auth.Server.Tests.Hosting;

/// <summary>
/// Several processes migrate a database; one may be killed, and one may not know the migrations that were applied.
/// </summary>
public sealed class DatabaseMigrationTests
{
    private const string Past = "20251231235959_FromThePast";
    private const string Future = "99990101000000_FromTheFuture";
    private DirectoryInfo folder = null!;
    private string database = null!;

    [SetUp]
    public void MakeDatabase()
    {
        folder = Directory.CreateTempSubdirectory("migration-");
        database = ConnectionStrings.WithDefaults(
            TestPostgres.IsWanted
                ? TestPostgres.NewDatabase()
                : $"Data Source={Path.Combine(folder.FullName, "test.db")}",
            "Auth.Server");
        if (!TestPostgres.IsWanted)
            SqliteDatabase.Create(database);
    }

    [TearDown]
    public void RemoveDatabase()
    {
        SqliteConnection.ClearAllPools();
        folder.Delete(recursive: true);
    }

    [TestCase(null, Description = "There is no database yet, so that all migrations are pending.")]
    [TestCase(ThreeMigrations.First)]
    public async Task Nodes_that_start_concurrently_migrate_one_after_another(string? before)
    {
        if (before is not null)
        {
            await using var db = Open();
            await db.GetService<IMigrator>().MigrateAsync(before);
        }

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Migrate())));

        await using var after = Open();
        Assert.That(await after.Database.GetAppliedMigrationsAsync(), Has.Exactly(3).Items);
        if (TestPostgres.IsWanted)
            Assert.That(await CountLocks(), Is.Zero, "no pooled connection keeps the lock");
    }

    [Test]
    public async Task A_waiting_process_continues_when_the_migrating_one_is_killed()
    {
        await Migrate();
        var waits = new TaskCompletionSource();
        var dying = await MigrationLock.Take(database, () => { }, CancellationToken.None);
        var next = Task.Run(() => Migrate(waits.SetResult));
        await waits.Task.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.That(next.IsCompleted, Is.False);

        if (dying.Connection is { } connection)
        {
            await using var db = Open();
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
    public async Task A_lock_left_in_SQLite_by_a_killed_process_is_ignored()
    {
        if (TestPostgres.IsWanted)
            Assert.Pass("PostgreSQL has no such lock.");
        await using (var db = Open())
        {
            await db.GetService<IMigrator>().MigrateAsync(ThreeMigrations.First);
            await db.Database.ExecuteSqlAsync($"""INSERT INTO "__EFMigrationsLock" VALUES (1, '2026-11-26 10:00:00')""");
        }

        await Migrate().WaitAsync(TimeSpan.FromMinutes(1));
    }

    [Test]
    public async Task A_database_with_pending_migrations_is_refused_with_the_remedy()
    {
        await using var db = Open();
        await db.GetService<IMigrator>().MigrateAsync(ThreeMigrations.First);

        await DatabaseMigration.RequireKnown(db, "Auth.Server", default);
        Assert.That(
            () => DatabaseMigration.RequireCurrent(db, "Auth.Server", default),
            Throws.TypeOf<OperatorException>().With.Message.Contains("Auth.Server database migrate"));
    }

    [TestCase(Past)]
    [TestCase(Future)]
    public async Task A_database_with_an_unknown_migration_is_refused_with_the_remedy(string migration)
    {
        await using var db = Open();
        await db.GetService<IMigrator>().MigrateAsync(ThreeMigrations.First);
        await db.Database.ExecuteSqlAsync($"""INSERT INTO "__EFMigrationsHistory" VALUES ({migration}, '99.0.0')""");

        Assert.That(() => Migrate(), Refuses(migration));
        Assert.That(() => DatabaseMigration.RequireCurrent(db, "Auth.Server", default), Refuses(migration));
        Assert.That(() => DatabaseMigration.RequireKnown(db, "Auth.Server", default), Refuses(migration));
        Assert.That(await db.Database.GetAppliedMigrationsAsync(), Has.Exactly(2).Items, "and nothing was migrated");
    }

    [Test]
    public async Task A_server_does_not_start_on_a_database_with_an_unknown_migration(
        [Values] bool migrate, [Values(Past, Future)] string migration)
    {
        await using var server = await AuthServer.Start();
        await server.WithDatabase(db => db.Database.ExecuteSqlAsync(
            $"""INSERT INTO "__EFMigrationsHistory" VALUES ({migration}, '99.0.0')"""));
        Assert.That(() => server.PrepareAgain(migrate), Refuses(migration));
    }

    private static NUnit.Framework.Constraints.ContainsConstraint Refuses(string migration) =>
        Throws.TypeOf<OperatorException>().With.Message.Contains(migration)
            .And.Message.Contains(migration == Future ? "Start the newer version" : "deploy/local.sh --fresh");

    private async Task<long> CountLocks()
    {
        await using var connection = new NpgsqlConnection(database + ";Pooling=False");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT COUNT(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
            + "WHERE locktype = 'advisory' AND datname = current_database()", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private ThreeMigrations Open(NpgsqlConnection? connection = null)
    {
        var options = new DbContextOptionsBuilder<ThreeMigrations>();
        if (connection is not null)
            options.UseNpgsql(connection);
        else if (TestPostgres.IsWanted)
            options.UseNpgsql(database);
        else
            options.UseSqlite(database);
        return new(options.Options);
    }

    /// <summary>Prepares the database as a node does when it starts.</summary>
    private async Task Migrate(Action? waiting = null)
    {
        await using (var db = Open())
            await DatabaseMigration.EnsureExists(db, CancellationToken.None);
        await using var migration = await MigrationLock.Take(database, waiting ?? (() => { }), CancellationToken.None);
        await using var own = Open(migration.Connection);
        await DatabaseMigration.Apply(own, "Auth.Server", CancellationToken.None);
    }
}
