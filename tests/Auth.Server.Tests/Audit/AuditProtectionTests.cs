using System.Data.Common;
using System.Text.Json;
using Auth.Server.Audit;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using SciLeads.Tests;

namespace Auth.Server.Tests.Audit;

/// <summary>No statement can change or delete an audit entry.</summary>
[Category("Slow")]
public sealed class AuditProtectionTests
{
    private const string Refusal = "neither changed nor deleted";
    private const string Columns = """("Id", "Time", "ActorKind", "ActorName", "Action", "Outcome")""";

    // An entry with an existing id.
    private const string Forged =
        $"""
        INTO "AuditEntries" {Columns}
        SELECT MIN("Id"), '2026-01-01 00:00:00', 'Operator', 'x', 'x', 'Done' FROM "AuditEntries" WHERE true
        """;

    private static readonly string[] both =
    [
        """UPDATE "AuditEntries" SET "ActorName" = 'x'""",
        """UPDATE "AuditEntries" SET "Time" = "Time" """,
        """UPDATE "AuditEntries" SET "Id" = "Id" + 1000""",
        """UPDATE "AuditEntries" SET "ActorName" = a."Name" FROM "Accounts" a""",
        """
        WITH one AS (SELECT MIN("Id") AS first FROM "AuditEntries")
        UPDATE "AuditEntries" SET "Detail" = 'x' FROM one WHERE "Id" = one.first
        """,
        """DELETE FROM "AuditEntries" """,
        """DELETE FROM "AuditEntries" WHERE "Id" = (SELECT MAX("Id") FROM "AuditEntries")""",
        $"""INSERT {Forged} ON CONFLICT ("Id") DO UPDATE SET "ActorName" = 'x'""",
        $"""INSERT {Forged} ON CONFLICT ("Id") DO UPDATE SET "Id" = "AuditEntries"."Id" + 1000""",
    ];

    private static readonly string[] sqlite =
    [
        $"INSERT OR REPLACE {Forged}",
        $"REPLACE {Forged}",
        """REPLACE INTO "AuditEntries" SELECT * FROM "AuditEntries" """,
        $"INSERT OR IGNORE {Forged}",
        $"INSERT OR FAIL {Forged}",
        $"INSERT OR ROLLBACK {Forged}",
        $"PRAGMA recursive_triggers = ON; REPLACE {Forged}",
        $"PRAGMA recursive_triggers = OFF; REPLACE {Forged}",
        """UPDATE OR REPLACE "AuditEntries" SET "Id" = (SELECT MAX("Id") FROM "AuditEntries")""",
        """UPDATE OR IGNORE "AuditEntries" SET "ActorName" = 'x'""",
        """UPDATE OR FAIL "AuditEntries" SET "ActorName" = 'x'""",
        """UPDATE OR ROLLBACK "AuditEntries" SET "ActorName" = 'x'""",
        """UPDATE "AuditEntries" SET rowid = rowid + 1000""",
    ];

    private static readonly string[] postgres =
    [
        """TRUNCATE "AuditEntries" """,
        """TRUNCATE "AuditEntries" RESTART IDENTITY CASCADE""",
        """TRUNCATE "Accounts", "AuditEntries" CASCADE""",
        """WITH gone AS (DELETE FROM "AuditEntries" RETURNING "Id") SELECT COUNT(*) FROM gone""",
        """DELETE FROM "AuditEntries" USING "Accounts" """,
        """
        MERGE INTO "AuditEntries" e USING (SELECT MIN("Id") AS id FROM "AuditEntries") m ON e."Id" = m.id
        WHEN MATCHED THEN UPDATE SET "ActorName" = 'x'
        """,
        """
        MERGE INTO "AuditEntries" e USING (SELECT MIN("Id") AS id FROM "AuditEntries") m ON e."Id" = m.id
        WHEN MATCHED THEN DELETE
        """,
    ];

    private static IEnumerable<string> Statements => [.. both, .. TestPostgres.IsWanted ? postgres : sqlite];

    [TestCaseSource(nameof(Statements))]
    public async Task The_database_refuses_to_change_or_delete_an_entry(string sql)
    {
        await using var server = await Start();
        var before = await Entries(server);
        Assert.That(
            async () => await server.WithDatabase(db => db.Database.ExecuteSqlRawAsync(sql)),
            Throws.InstanceOf<DbException>().With.Message.Contains(Refusal));
        Assert.That(await Entries(server), Is.EqualTo(before));
    }

    [Test]
    public async Task A_COPY_into_PostgreSQL_only_adds_entries()
    {
        if (!TestPostgres.IsWanted)
            Assert.Pass("SQLite has no COPY.");
        await using var server = await Start();
        var before = await Entries(server);
        await using var connection = new NpgsqlConnection(server.ConnectionString);
        await connection.OpenAsync();

        Assert.That(
            async () => await Copy(connection, 1),
            Throws.TypeOf<PostgresException>().With.Message.Contains("duplicate key"));
        Assert.That(await Entries(server), Is.EqualTo(before));

        await Copy(connection, 1000);
        Assert.That((await Entries(server))[..^1], Is.EqualTo(before));
    }

    [TestCase("""("Time", "ActorKind", "ActorName", "Action", "Outcome") VALUES (""")]
    [TestCase($"""{Columns} VALUES (1000, """)]
    public async Task A_new_entry_can_be_added_with_or_without_an_id(string start)
    {
        await using var server = await Start();
        var before = await Entries(server);
        var insert = $"""INSERT INTO "AuditEntries" {start}'2026-01-01 00:00:00', 'Operator', 'x', 'ListAccounts', 'Done')""";

        await server.WithDatabase(db => db.Database.ExecuteSqlRawAsync(insert));

        Assert.That((await Entries(server))[..^1], Is.EqualTo(before));
    }

    private static async Task<AuthServer> Start()
    {
        var server = await AuthServer.Start();
        await server.CreateAccount("One");
        await server.CreateAccount("Two");
        return server;
    }

    private static async Task Copy(NpgsqlConnection connection, long id)
    {
        await using var copy = await connection.BeginTextImportAsync($"""COPY "AuditEntries" {Columns} FROM STDIN""");
        await copy.WriteLineAsync($"{id}\t2026-01-01 00:00:00Z\tOperator\tx\tListAccounts\tDone");
    }

    private static Task<List<string>> Entries(AuthServer server) => server.WithDatabase(async db =>
        (await db.AuditEntries.AsNoTracking().OrderBy(entry => entry.Id).ToListAsync())
            .ConvertAll(entry => JsonSerializer.Serialize(entry)));
}
