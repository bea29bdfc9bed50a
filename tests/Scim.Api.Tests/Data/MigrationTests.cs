using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using SciLeads.Tests;
using Shared.Hosting;

namespace Scim.Api.Tests.Data;

/// <summary>Several nodes start on one database at the same time, or on one with unknown migrations.</summary>
public sealed class MigrationTests
{
    private const string Future = "99990101000000_FromTheFuture";
    private const string Past = "20261126214420_WalksByExpiry";

    [Test]
    public async Task Nodes_that_start_together_on_an_empty_database_migrate_one_after_another()
    {
        var folder = Directory.CreateTempSubdirectory("scim-");
        using var auth = new TestAuthServer();
        var database = TestPostgres.IsWanted
            ? TestPostgres.NewDatabase()
            : $"Data Source={Path.Combine(folder.FullName, "scim.db")};Pooling=False";

        var nodes = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () => ScimServer.Start([$"ConnectionStrings:Scim={database}"], authServer: auth))));

        foreach (var node in nodes)
        {
            using var client = node.ClientWith(null);
            Assert.That((int)(await client.GetAsync("/health/ready")).StatusCode, Is.EqualTo(200));
            await node.DisposeAsync();
        }
        folder.Delete(recursive: true);
    }

    [Test]
    public async Task A_server_does_not_start_on_a_database_with_unknown_migrations(
        [Values("true", "false")] string migrate, [Values(Future, Past)] string migration)
    {
        await using var server = await ScimServer.Start();
        await ReplaceMigrations(server, migration);
        await server.Stop();
        Assert.That(
            async () => await (await ScimServer.Start(
                [$"Scim:MigrateAtStart={migrate}"], folder: server.Folder,
                authServer: server.AuthServer)).DisposeAsync(),
            Throws.TypeOf<OperatorException>().With.Message.Contains(migration).And.Message.Contains(
                RemedyFor(migration)));
    }

    [Test]
    public async Task A_database_with_unknown_migrations_is_refused_by_server_and_commands(
        [Values("database migrate", "users import FILE --account 01890000-0000-7000-8000-000000000000", "")] string arguments,
        [Values(Future, Past)] string migration)
    {
        await using var server = await ScimServer.Start();
        await ReplaceMigrations(server, migration);
        var database = server.Database;
        await server.Stop();
        SqliteConnection.ClearAllPools();

        var run = await ProgramRun.Of(
            "Scim.Api",
            [
                $"ConnectionStrings__Scim={database}", "Scim__BaseUrl=http://localhost:5002/scim/v2",
                $"AuthServer__Issuer={server.AuthServer.Url}", $"AuthServer__Url={server.AuthServer.Url}",
                $"AuthServer__ClientKeyFile={Path.Combine(server.Folder, "client-key.pem")}", "Urls=http://127.0.0.1:0",
            ],
            arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.That(run.ExitCode, Is.EqualTo(1));
        Assert.That(
            run.Error.TrimEnd().Split('\n')[^1],
            Does.StartWith("Scim.Api: ").And.Contain(migration).And.Contain(RemedyFor(migration)));
        Assert.That(run.Error, Does.Not.Contain("   at Scim.Api.Program"));
    }

    [Test]
    public async Task An_abandoned_lock_in_SQLite_does_not_block_a_migration()
    {
        if (TestPostgres.IsWanted)
            Assert.Pass("PostgreSQL has no such lock.");
        await using var server = await ScimServer.Start();
        await Change(server, $"""INSERT INTO "__EFMigrationsLock" VALUES (1, '2026-11-26 10:00:00')""");
        await server.Stop();
        await using var again = await ScimServer.Start(folder: server.Folder, authServer: server.AuthServer)
            .WaitAsync(TimeSpan.FromMinutes(1));
    }

    private static string RemedyFor(string migration) =>
        migration == Future ? "Start the newer version" : "deploy/local.sh --fresh";

    private static Task ReplaceMigrations(ScimServer server, string migration) =>
        Change(server, $"""UPDATE "__EFMigrationsHistory" SET "MigrationId" = {migration}""");

    private static async Task Change(ScimServer server, FormattableString sql)
    {
        await using var scope = server.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Database.ExecuteSqlAsync(sql);
    }
}
