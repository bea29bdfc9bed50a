using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.Connect;

namespace Auth.Server.Management;

/// <summary><c>management-clients</c>: the programs that call the management API.</summary>
internal static class ManagementClientCommands
{
    public static Command Create(CommandContext context) => new(
        "management-clients", "The programs that call the management API.")
    {
        Add(context), List(context), Remove(context),
    };

    private static Command Add(CommandContext context)
    {
        var name = new Option<string>("--name") { Description = "A name for people.", Required = true };
        var jwks = new FileOption("--jwks")
        {
            Description = "A file with the client's public P-256 keys as a JWK set, or - for standard input.",
            Required = true,
        };
        var readOnly = new Option<bool>("--read-only") { Description = "The client cannot change anything." };
        var account = AccountOption();
        var command = new Command("add", "Adds a client that authenticates with a key (private_key_jwt).")
        {
            name, jwks, account, readOnly,
        };
        command.SetAction((parsed, cancellation) => context.Execute<ManagementClients>(
            parsed, AuditAction.AddManagementClient, async clients =>
            AsJson(await clients.Add(
                new(
                    parsed.GetRequiredValue(name),
                    await context.ReadFile(parsed.GetRequiredValue(jwks)!, cancellation),
                    parsed.GetValue(account),
                    parsed.GetValue(readOnly),
                    context.Actor),
                cancellation))));
        return command;
    }

    private static Command List(CommandContext context)
    {
        var account = AccountOption();
        var command = new Command(
            "list", "Lists the clients; with --account, only those that are limited to it.") { account };
        command.SetAction((parsed, cancellation) => context.Query<ManagementClients>(
            parsed, AuditAction.ListManagementClients, async clients =>
            new JsonArray([.. (await clients.List(parsed.GetValue(account), cancellation)).Select(AsJson)])));
        return command;
    }

    private static Command Remove(CommandContext context)
    {
        var client = new Option<string>("--client") { Description = "The client id.", Required = true };
        var command = new Command("remove", "Removes a client. Its tokens are invalid immediately.") { client };
        command.SetAction((parsed, cancellation) => context.Execute<ManagementClients>(
            parsed, AuditAction.RemoveManagementClient, async clients =>
        {
            await clients.Remove(
                parsed.GetRequiredValue(client), accountId: null, context.Actor, cancellation);
            return new JsonObject { ["clientId"] = parsed.GetRequiredValue(client), ["client"] = "removed" };
        }));
        return command;
    }

    private static Option<Guid?> AccountOption() => new("--account")
    {
        Description = "The only account that the client can access; all accounts if not given.",
    };

    private static JsonObject AsJson(Client client) => new()
    {
        ["clientId"] = client.ClientId,
        ["name"] = client.DisplayName,
        ["account"] = client.Management!.AccountId?.ToString() ?? "all",
        ["readOnly"] = client.Management.ReadOnly,
        ["createdAt"] = client.Management.CreatedAt,
        ["createdBy"] = client.Management.CreatedBy,
    };
}
