using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.Data;
using Shared.Hosting.Data;

namespace Auth.Server.Management;

/// <summary><c>database</c>: the auth database.</summary>
internal static class DatabaseCommands
{
    public const string Name = "database";
    public const string MigrateName = "migrate";

    public static Command Create(CommandContext context) => new(Name, "The auth database.") { Migrate(context) };

    // The process that the operator started has already migrated the database (CommandLine), because a running server
    // may be older.
    private static Command Migrate(CommandContext context)
    {
        var command = new Command(MigrateName, "Brings the database up to date.");
        command.SetAction((parsed, cancellation) => context.Query<AuthDbContext>(
            parsed, AuditAction.MigrateDatabase, async db =>
        {
            await DatabaseMigration.RequireCurrent(db, ServerSettings.Program, cancellation);
            return new JsonObject { ["database"] = "up to date" };
        }));
        return command;
    }
}
