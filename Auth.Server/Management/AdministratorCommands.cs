using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Auth.Server.Accounts;

namespace Auth.Server.Management;

/// <summary><c>administrators</c>: the people who sign in to the portal.</summary>
internal static class AdministratorCommands
{
    public static Command Create(CommandContext context) => new("administrators", "The people who sign in to the portal.")
    {
        CreateAdministrator(context),
    };

    private static Command CreateAdministrator(CommandContext context)
    {
        var email = new Option<string>("--email") { Description = "To sign in with.", Required = true };
        var command = new Command("create", "Makes an administrator with a random password, shown once.") { CommandContext.Account, email };
        command.SetAction((parsed, cancellation) => context.Answer<AccountRegister>(parsed, async accounts =>
        {
            var password = RandomNumberGenerator.GetString("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", 20);
            var administrator = await accounts.CreateAdministrator(
                parsed.GetRequiredValue(CommandContext.Account), parsed.GetRequiredValue(email), password, cancellation);
            return new JsonObject
            {
                ["administratorId"] = administrator.Id,
                ["email"] = administrator.Email,
                ["password"] = password,
            };
        }));
        return command;
    }
}
