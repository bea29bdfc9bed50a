using Microsoft.EntityFrameworkCore.Migrations;

namespace Auth.Server.Audit;

/// <summary>
/// The triggers that make the audit trail append-only, whoever writes to it. Entity Framework does not know them, so a
/// migration that creates or rebuilds the table must call this class.
/// </summary>
internal static class AuditProtection
{
    private const string Refusal = "Audit entries are neither changed nor deleted.";

    /// <summary>Adds the triggers to a SQLite database.</summary>
    public static void ProtectAuditEntriesOnSqlite(this MigrationBuilder migration)
    {
        foreach (var change in new[] { "UPDATE", "DELETE" })
        {
            migration.Sql($"""
                CREATE TRIGGER "AuditEntries_{change}" BEFORE {change} ON "AuditEntries"
                BEGIN SELECT RAISE(ABORT, '{Refusal}'); END
                """);
        }

        // REPLACE deletes an existing row without firing the DELETE trigger, unless the connection has set
        // recursive_triggers. So an insert with an existing id is refused, too.
        migration.Sql($"""
            CREATE TRIGGER "AuditEntries_INSERT" BEFORE INSERT ON "AuditEntries"
            WHEN EXISTS (SELECT 1 FROM "AuditEntries" WHERE "Id" = NEW."Id")
            BEGIN SELECT RAISE(ABORT, '{Refusal}'); END
            """);
    }

    /// <summary>
    /// Adds the trigger to a PostgreSQL database. It fires once per statement, so that TRUNCATE, MERGE and INSERT ...
    /// ON CONFLICT DO UPDATE are refused, too.
    /// </summary>
    public static void ProtectAuditEntriesOnPostgres(this MigrationBuilder migration)
    {
        migration.Sql($"""
            CREATE FUNCTION audit_entries_are_for_ever() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION '{Refusal}'; END $$
            """);
        migration.Sql("""
            CREATE TRIGGER "AuditEntries_change" BEFORE UPDATE OR DELETE OR TRUNCATE ON "AuditEntries"
            FOR EACH STATEMENT EXECUTE FUNCTION audit_entries_are_for_ever()
            """);
    }
}
