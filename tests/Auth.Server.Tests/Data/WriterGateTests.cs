using System.Text.RegularExpressions;
using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Data;
using Auth.Server.Tests.Connect;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using SciLeads.Tests;
using Shared.Contracts;
using Shared.Hosting.Data;

namespace Auth.Server.Tests.Data;

/// <summary>Every write to SQLite waits for its turn, whatever code makes it; PostgreSQL needs no gate.</summary>
[NonParallelizable]
public sealed class WriterGateTests
{
    private static readonly Dictionary<string, Func<AuthDbContext, Account, Task>> writes = new()
    {
        ["save of one row"] = (db, account) =>
        {
            db.Attach(account).Entity.Suspended = true;
            return db.SaveChangesAsync();
        },
        ["save of one row that blocks"] = (db, account) => Task.Run(() =>
        {
            db.Attach(account).Entity.Suspended = true;
#pragma warning disable CA1849 // Data Protection saves its keys like this.
            db.SaveChanges();
#pragma warning restore CA1849
        }),
        ["save of several rows"] = (db, account) =>
        {
            db.Attach(account).Entity.Suspended = true;
            db.Accounts.Add(new() { Name = "another", CreatedAt = DateTime.UtcNow });
            return db.SaveChangesAsync();
        },
        ["update"] = (db, account) => db.Accounts.Where(a => a.Id == account.Id)
            .ExecuteUpdateAsync(change => change.SetProperty(a => a.Suspended, true)),
        ["update that blocks"] = (db, account) => Task.Run(() => db.Accounts.Where(a => a.Id == account.Id)
            .ExecuteUpdate(change => change.SetProperty(a => a.Suspended, true))),
        ["delete"] = (db, _) => db.Invitations.ExecuteDeleteAsync(),
        ["handwritten"] = (db, account) =>
            db.Database.ExecuteSqlAsync($"""UPDATE "Accounts" SET "Suspended" = TRUE WHERE "Id" = {account.Id}"""),
        ["transaction"] = async (db, _) =>
        {
            await using var transaction = await db.Database.BeginTransactionAsync();
            await db.Invitations.ExecuteDeleteAsync();
            await transaction.CommitAsync();
        },
        ["transaction that is rolled back"] = async (db, _) =>
        {
            await using var write = await db.BeginWrite(CancellationToken.None);
            await db.Invitations.ExecuteDeleteAsync();
        },
    };

    private static IEnumerable<string> Writes => writes.Keys;

    [TestCaseSource(nameof(Writes))]
    public async Task A_write_waits_for_the_previous_writer_and_then_the_gate_is_free(string write)
    {
        await using var server = await AuthServer.Start();
        var account = await server.CreateAccount();
        if (TestPostgres.IsWanted)
            Assert.That(server.Services.GetService<WriterGate>(), Is.Null);
        await using var first = server.Services.CreateAsyncScope();
        await using var second = server.Services.CreateAsyncScope();
        var db = first.ServiceProvider.GetRequiredService<AuthDbContext>();
        Task waiting;
        await using (await db.BeginWrite(CancellationToken.None))
        {
            waiting = writes[write](second.ServiceProvider.GetRequiredService<AuthDbContext>(), account);
            if (!TestPostgres.IsWanted)
            {
                Assert.That(await Task.WhenAny(waiting, Task.Delay(30)), Is.Not.SameAs(waiting));
                Assert.That(server.Services.GetRequiredService<WriterGate>().Writer, Is.SameAs(ConnectionOf(db)));
            }
        }

        await waiting;

        Assert.That(server.Services.GetService<WriterGate>()?.Writer, Is.Null);
        await using (await db.BeginWrite(CancellationToken.None))
        {
        }
    }

    [Test]
    public async Task A_write_that_fails_or_is_cancelled_releases_the_gate()
    {
        await using var server = await AuthServer.Start();
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();

        db.Invitations.Add(new()
        {
            AccountId = Guid.NewGuid(), Email = "", EmailKey = "", CodeHash = "", CreatedAt = default, CreatedBy = "",
            ExpiresAt = default,
        });
        Assert.That(() => db.SaveChangesAsync(), Throws.InstanceOf<DbUpdateException>(), "there is no such account");
        db.ChangeTracker.Clear();
        Assert.That(() => db.Database.ExecuteSqlAsync($"UPDATE nowhere SET x = 1"), Throws.Exception);
        await server.WithDatabase(async other =>
        {
            await using var write = await other.BeginWrite(CancellationToken.None);
            using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(20));
            if (!TestPostgres.IsWanted)
                Assert.That(() => db.BeginWrite(soon.Token), Throws.InstanceOf<OperationCanceledException>());
            return true;
        });

        await using (await db.BeginWrite(CancellationToken.None))
        {
        }
    }

    /// <summary>On PostgreSQL, it waits for a lock.</summary>
    [Test]
    public async Task A_write_that_waits_too_long_returns_503_and_the_next_one_succeeds()
    {
        var limit = (TestPostgres.IsWanted ? "Command" : "Default") + " Timeout=1";
        await using var normal = await AuthServer.Start();
        await using var server = await normal.Restart(
            $"--ConnectionStrings:Auth={normal.ConnectionString};{limit}");
        using var client = await AllowedClient.Of(server);
        await server.WithDatabase(async db =>
        {
            await using var write = await db.BeginWrite(CancellationToken.None);
            if (TestPostgres.IsWanted)
                await db.Database.ExecuteSqlAsync($"""LOCK TABLE "OpenIddictTokens" IN EXCLUSIVE MODE""");
            using var answer = await client.Post(AuthServerPaths.Token, ("grant_type", "client_credentials"))
                .WaitAsync(TimeSpan.FromSeconds(30));
            Assert.That((int)answer.StatusCode, Is.EqualTo(503));
            Assert.That(answer.Headers.RetryAfter?.Delta, Is.EqualTo(TimeSpan.FromSeconds(5)));
            return true;
        });
        Assert.That(await client.ClientCredentialsToken(), Is.Not.Empty);
    }

    [Test]
    public async Task A_write_that_bypasses_the_gate_is_noticed()
    {
        if (TestPostgres.IsWanted)
            Assert.Pass("PostgreSQL has row locks.");
        await using var server = await AuthServer.Start();
        await server.CreateAccount();
        await server.WithDatabase(async db =>
        {
            await db.Database.OpenConnectionAsync();
            await using var bypass = ConnectionOf(db).CreateCommand();
            bypass.CommandText = """UPDATE "Accounts" SET "Suspended" = TRUE""";
            Assert.That(() => bypass.ExecuteNonQueryAsync(), Throws.TypeOf<SqliteException>());
            Assert.That(UngatedWrites.Refused, Is.Not.Empty);
            return true;
        });
        Assert.That(await server.WithDatabase(db => db.Accounts.AnyAsync(account => account.Suspended)), Is.False);
    }

    /// <summary>Code that bypasses Entity Framework bypasses the gate, too.</summary>
    [Test]
    public void Only_code_that_does_not_write_has_its_own_connections()
    {
        var sources = Path.Combine(ArchitectureTests.Repository(), "Auth.Server");
        var found = Directory.EnumerateFiles(sources, "*.cs", SearchOption.AllDirectories)
            .Where(file => Regex.IsMatch(File.ReadAllText(file), @"new SqliteConnection\(|GetDbConnection\("))
            .Select(file => Path.GetRelativePath(sources, file).Replace('\\', '/'));
        Assert.That(found, Is.EquivalentTo(["Data/Storage.cs", "Connect/TokenLookup.cs"]));
    }

    private static System.Data.Common.DbConnection ConnectionOf(AuthDbContext db) => db.Database.GetDbConnection();
}
