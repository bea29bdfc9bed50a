using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Management;

/// <summary><c>database</c>: the auth database.</summary>
internal static class DatabaseCommands
{
    public static Command Create(CommandContext context) => new("database", "The auth database.") { Migrate(context) };

    private static Command Migrate(CommandContext context)
    {
        var command = new Command("migrate", "Brings the database up to date.");
        command.SetAction((parsed, cancellation) => context.Answer<AuthDbContext>(
            parsed, AuditAction.MigrateDatabase, async db =>
        {
            await db.Database.MigrateAsync(cancellation);
            return new JsonObject { ["database"] = "up to date" };
        }));
        return command;
    }
}
