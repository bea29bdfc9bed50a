using System.CommandLine;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.Administrators;

namespace Auth.Server.Management;

/// <summary><c>administrators</c>: the people who sign in to the portal.</summary>
internal static class AdministratorCommands
{
    // Without characters that look alike.
    private const string PasswordCharacters = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

    public static Command Create(CommandContext context)
    {
        var signIn = new SignInCommands(context, areOperators: false);
        var command = new Command("administrators", "The people who sign in to the portal.")
        {
            CreateAdministrator(context), Invite(context), List(context, signIn), Update(context, signIn),
        };
        signIn.AddTo(command);
        return command;
    }

    private static Command CreateAdministrator(CommandContext context)
    {
        var (email, readOnly) = (SignInCommands.EmailOption(), ReadOnlyFlag());
        var command = new Command("create", "Creates an administrator with a random password, which is shown once.")
        {
            context.Account, email, readOnly,
        };
        command.SetAction((parsed, cancellation) => context.Execute<AdministratorRegister>(
            parsed, AuditAction.CreateAdministrator, async register =>
        {
            var password = RandomNumberGenerator.GetString(PasswordCharacters, 20);
            var administrator = await register.Create(
                CommandContext.AccountOf(parsed), parsed.GetRequiredValue(email), password, parsed.GetValue(readOnly),
                context.Actor, cancellation);
            return new JsonObject
            {
                ["administratorId"] = administrator.Id,
                ["email"] = administrator.Email,
                ["password"] = password,
            };
        }));
        return command;
    }

    private static Command Invite(CommandContext context)
    {
        var (email, readOnly) = (SignInCommands.EmailOption(), ReadOnlyFlag());
        var command = new Command("invite", "Prints a link to become an administrator. It works once, for 72 hours.")
        {
            context.Account, email, readOnly,
        };
        command.SetAction((parsed, cancellation) => context.Execute<Invitations>(
            parsed, AuditAction.InviteAdministrator, async invitations =>
            SignInCommands.AsJson(await invitations.Invite(
                CommandContext.AccountOf(parsed), parsed.GetRequiredValue(email), parsed.GetValue(readOnly),
                context.Actor, cancellation))));
        return command;
    }

    private static Command List(CommandContext context, SignInCommands signIn)
    {
        var command = new Command("list", "Lists an account's administrators and open invitations.")
        {
            context.Account,
        };
        command.SetAction((parsed, cancellation) => context.Query<AdministratorRegister>(
            parsed, AuditAction.ListAdministrators, async register =>
        {
            var accountId = CommandContext.AccountOf(parsed);
            var listed = (await register.List(accountId, cancellation)).Select(signIn.AsJson);
            var invited = (await register.Invited(accountId, cancellation)).Select(signIn.AsJson);
            return new JsonArray([.. listed, .. invited]);
        }));
        return command;
    }

    private static Command Update(CommandContext context, SignInCommands signIn)
    {
        var readOnly = new Option<string>("--read-only")
        {
            Description = "Whether the administrator can look at everything, but change nothing.",
            Required = true,
        };
        readOnly.AcceptOnlyFromAmong("on", "off");
        var command = signIn.Create("update", "Changes the role of an administrator.");
        command.Options.Add(readOnly);
        command.SetAction((parsed, cancellation) => context.Execute<Memberships>(
            parsed, AuditAction.ChangeRole, async memberships =>
        {
            var name = signIn.NameIn(parsed);
            await memberships.ChangeRole(name, parsed.GetValue(readOnly) == "on", context.Actor, cancellation);
            return new JsonObject { ["email"] = name.Email, ["readOnly"] = parsed.GetValue(readOnly) };
        }));
        return command;
    }

    private static Option<bool> ReadOnlyFlag() => new("--read-only")
    {
        Description = "The person can look at everything, but change nothing.",
    };
}
