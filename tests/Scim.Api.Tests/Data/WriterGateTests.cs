using System.Data.Common;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using SciLeads.Tests;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Shared.Hosting.Data;

namespace Scim.Api.Tests.Data;

/// <summary>Every write to SQLite waits for its turn, whatever API it uses; PostgreSQL needs no gate.</summary>
public sealed class WriterGateTests
{
    private static readonly Dictionary<string, Func<ScimDbContext, Guid, Task>> writes = new()
    {
        ["save of one row"] = (db, account) =>
        {
            db.Add(new Population { AccountId = account });
            return db.SaveChangesAsync();
        },
        ["save that blocks"] = (db, account) => Task.Run(() =>
        {
            db.Add(new Population { AccountId = account });
#pragma warning disable CA1849 // Data Protection saves its keys like this.
            db.SaveChanges();
#pragma warning restore CA1849
        }),
        ["save of several rows"] = (db, account) =>
        {
            db.Add(new Population { AccountId = account });
            db.Add(new Population { AccountId = Guid.NewGuid() });
            return db.SaveChangesAsync();
        },
        ["update"] = (db, account) => db.Set<Population>().Where(population => population.AccountId == account)
            .ExecuteUpdateAsync(change => change.SetProperty(population => population.Users, 1)),
        ["update that blocks"] = (db, account) => Task.Run(() => db.Set<Population>()
            .Where(population => population.AccountId == account)
            .ExecuteUpdate(change => change.SetProperty(population => population.Users, 1))),
        ["delete"] = (db, account) => db.EventsOf(account).ExecuteDeleteAsync(),
        ["handwritten"] = (db, account) =>
            db.Database.ExecuteSqlAsync($"""DELETE FROM "Populations" WHERE "AccountId" = {account}"""),
        ["transaction"] = async (db, account) =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await db.EventsOf(account).ExecuteDeleteAsync();
            await transaction.CommitAsync();
        },
        ["transaction that is rolled back"] = async (db, account) =>
        {
            await using var write = await db.BeginWrite(default);
            await db.EventsOf(account).ExecuteDeleteAsync();
        },
    };

    private static IEnumerable<string> Writes => writes.Keys;

    [TestCaseSource(nameof(Writes))]
    public async Task A_write_waits_for_an_earlier_writer_and_then_lets_the_next_one_in(string write)
    {
        await using var server = await ScimServer.Start();
        var gate = server.Services.GetService<WriterGate>();
        Assert.That(gate, TestPostgres.IsWanted ? Is.Null : Is.Not.Null);
        await using var first = server.Services.CreateAsyncScope();
        await using var second = server.Services.CreateAsyncScope();
        var db = first.ServiceProvider.GetRequiredService<ScimDbContext>();
        Task waiting;
        await using (await db.BeginWrite(default))
        {
            waiting = writes[write](second.ServiceProvider.GetRequiredService<ScimDbContext>(), Guid.NewGuid());
            if (gate is not null)
            {
                Assert.That(await Task.WhenAny(waiting, Task.Delay(30)), Is.Not.SameAs(waiting));
                Assert.That(gate.Writer, Is.SameAs(db.Database.GetDbConnection()));
            }
        }

        await waiting;

        Assert.That(gate?.Writer, Is.Null);
        await using (await db.BeginWrite(default))
        {
        }
    }

    [Test]
    public async Task A_failed_or_cancelled_write_leaves_the_gate()
    {
        await using var server = await ScimServer.Start();
        await using var scope = server.Services.CreateAsyncScope();
        await using var another = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();

        Assert.That(() => db.Database.ExecuteSqlAsync($"UPDATE nowhere SET x = 1"), Throws.InstanceOf<DbException>());
        await using (await another.ServiceProvider.GetRequiredService<ScimDbContext>().BeginWrite(default))
        {
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
            if (!TestPostgres.IsWanted)
                Assert.That(() => db.BeginWrite(soon.Token), Throws.InstanceOf<OperationCanceledException>());
        }

        await using (await db.BeginWrite(default))
        {
        }
    }

    /// <summary>On PostgreSQL it waits for a lock.</summary>
    [Test]
    public async Task A_request_whose_write_waits_too_long_is_503_and_the_next_one_succeeds()
    {
        var folder = Directory.CreateTempSubdirectory("scim-");
        var database = TestPostgres.IsWanted
            ? $"{TestPostgres.NewDatabase()};Command Timeout=1"
            : $"Data Source={Path.Combine(folder.FullName, "scim.db")};Pooling=False;Default Timeout=1";
        await using (var server = await ScimServer.Start([$"ConnectionStrings:Scim={database}"]))
        {
            var account = new TestAccount();
            using var client = server.ClientOf(account);
            await client.CreateUser("ann@example.com");
            await using (var scope = server.Services.CreateAsyncScope())
            {
                var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
                await using var write = await db.BeginWrite(default);
                if (TestPostgres.IsWanted)
                    await db.Database.ExecuteSqlAsync($"""LOCK TABLE "Users" IN EXCLUSIVE MODE""");
                var answer = await client.Post("Users", Requests.NewUser("bob@example.com"))
                    .WaitAsync(TimeSpan.FromSeconds(30));
                Assert.That((int)answer.Status, Is.EqualTo(503), answer.ToString());
                Assert.That(answer.Message.Headers.RetryAfter?.Delta, Is.Not.Null);
            }
            await client.CreateUser("bob@example.com");
        }
        folder.Delete(recursive: true);
    }

    [Test]
    public async Task These_tests_detect_a_write_that_bypasses_the_gate()
    {
        if (TestPostgres.IsWanted)
            Assert.Pass("PostgreSQL has row locks.");
        await using var server = await ScimServer.Start();
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await db.Database.OpenConnectionAsync();
        await using var bypass = db.Database.GetDbConnection().CreateCommand();
        bypass.CommandText = """INSERT INTO "Fences" VALUES ('x', 1, 'y')""";
        Assert.That(() => bypass.ExecuteNonQueryAsync(), Throws.TypeOf<SqliteException>());
        Assert.That(UngatedWrites.Refused, Is.Not.Empty);
        bypass.CommandText = """SELECT COUNT(*) FROM "Fences" """;
        Assert.That(await bypass.ExecuteScalarAsync(), Is.Zero);
    }

    /// <summary>Code that bypasses Entity Framework bypasses the gate.</summary>
    [Test]
    public void Only_code_that_does_not_write_opens_its_own_connections()
    {
        var sources = ArchitectureTests.Project();
        var found = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
            .Where(file => Regex.IsMatch(File.ReadAllText(file), @"new SqliteConnection\(|GetDbConnection\("))
            .Select(file => Path.GetRelativePath(sources, file).Replace('\\', '/'));
        Assert.That(found, Is.EquivalentTo(["Provisioning/SearchBudget.cs"]));
    }
}
