using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.Accounts;

namespace Auth.Server.Management;

/// <summary><c>accounts</c>: customers.</summary>
internal static class AccountCommands
{
    public static Command Create(CommandContext context) => new("accounts", "Customers.")
    {
        CreateAccount(context), List(context), Show(context), Update(context),
    };

    private static Command CreateAccount(CommandContext context)
    {
        var name = new Option<string>("--name") { Description = "The customer's name.", Required = true };
        var settings = new AccountSettings();
        var command = settings.AddTo(new("create", "Creates an account.") { name });
        command.SetAction((parsed, cancellation) => context.Execute<AccountRegister>(
            parsed, AuditAction.CreateAccount, async accounts =>
            AsJson(
                await accounts.Create(
                    parsed.GetRequiredValue(name), settings.Read(parsed), context.Actor, cancellation))));
        return command;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists all accounts.");
        command.SetAction((parsed, cancellation) => context.Query<AccountRegister>(
            parsed, AuditAction.ListAccounts, async accounts =>
            new JsonArray([.. (await accounts.List(cancellation)).Select(AsJson)])));
        return command;
    }

    private static Command Show(CommandContext context)
    {
        var command = new Command("show", "Shows an account.") { context.Account };
        command.SetAction((parsed, cancellation) => context.Query<AccountRegister>(
            parsed, AuditAction.ShowAccount, async accounts =>
            AsJson(await accounts.Get(CommandContext.AccountOf(parsed), cancellation))));
        return command;
    }

    private static Command Update(CommandContext context)
    {
        var settings = new AccountSettings();
        var command = settings.AddTo(
            new("update", "Changes an account. Settings that are not given stay as they are.") { context.Account });
        command.SetAction((parsed, cancellation) => context.Execute<AccountRegister>(
            parsed, AuditAction.UpdateAccount, async accounts =>
            AsJson(
                await accounts.Update(
                    CommandContext.AccountOf(parsed), settings.Read(parsed), context.Actor, cancellation))));
        return command;
    }

    private static JsonObject AsJson(Account account) => new()
    {
        ["accountId"] = account.Id,
        ["name"] = account.Name,
        ["scim"] = account.ScimEnabled ? "on" : "off",
        ["suspended"] = account.Suspended,
        ["attributeRules"] = account.AttributeRules,
        ["rateLimit"] = account.RateLimit is { } limit ? (JsonNode)limit : AccountSettings.None,
        ["restoreInactive"] = account.RestoreInactive ? "on" : "off",
        ["omitPagination"] = account.OmitPagination ? "on" : "off",
        ["requireSecondFactor"] = account.RequireSecondFactor ? "on" : "off",
        ["domains"] = new JsonArray([.. account.Domains.Select(domain => (JsonNode)domain)]),
        ["licences"] = new JsonArray(
            [
                .. account.Licences.OrderBy(licence => licence.Product, StringComparer.Ordinal)
                    .Select(licence => (JsonNode)$"{licence.Product}={licence.Seats}"),
            ]),
    };
}
