using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.Data;

namespace Auth.Server.Management;

/// <summary><c>audit</c>: who did what.</summary>
internal static class AuditCommands
{
    public static Command Create(CommandContext context) => new("audit", "Who did what.") { List(context) };

    private static Command List(CommandContext context)
    {
        var account = new Option<Guid?>("--account") { Description = "Only entries of this account." };
        var since = new Option<DateTime?>("--since")
        {
            Description = "Only entries since this time, UTC: 2026-11-24 or 2026-11-24T06:30:00.",
            CustomParser = ParseTime,
        };
        var count = new Option<int>("--count")
        {
            Description = "The maximum number of entries.",
            DefaultValueFactory = _ => 100,
        };
        var command = new Command("list", "Lists what operators and administrators did, newest first.")
        {
            account, since, count,
        };
        command.SetAction((parsed, cancellation) => context.Query<AuthDbContext>(
            parsed,
            AuditAction.ReadAuditLog,
            async db =>
            {
                var query = new AuditQuery { AccountId = parsed.GetValue(account), Since = parsed.GetValue(since) };
                var entries = await query.Read(db, Math.Clamp(parsed.GetValue(count), 1, 100_000), cancellation);
                return new JsonArray([.. entries.Select(AsJson)]);
            }));
        return command;
    }

    private static JsonObject AsJson(AuditEntry entry) => new()
    {
        ["entryId"] = entry.Id,
        ["time"] = entry.Time,
        ["who"] = $"{entry.ActorKind.ToString().ToLowerInvariant()} {entry.ActorName}",
        ["address"] = entry.Address,
        ["userAgent"] = entry.UserAgent,
        ["action"] = entry.Action.ToString(),
        ["outcome"] = entry.Outcome.ToString().ToLowerInvariant(),
        ["accountId"] = entry.AccountId,
        ["about"] = entry.About,
        ["detail"] = entry.Detail,
    };

    private static DateTime? ParseTime(ArgumentResult argument)
    {
        var text = argument.Tokens.Single().Value;
        if (DateTime.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time))
            return time;
        argument.AddError($"\"{text}\" is not a valid time. Write 2026-11-24 or 2026-11-24T06:30:00.");
        return null;
    }
}
