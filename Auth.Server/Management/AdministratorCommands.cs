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

    public static Command Create(CommandContext context) =>
        new("administrators", "The people who sign in to the portal.")
        {
            CreateAdministrator(context),
            Invite(context),
            List(context),
            Update(context),
            Withdraw(context),
            SignOut(context),
            ResetPassword(context),
            ResetSecondFactor(context),
            Remove(context),
        };

    private static Command CreateAdministrator(CommandContext context)
    {
        var (email, readOnly) = (EmailOption(), ReadOnlyFlag());
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
        var (email, readOnly) = (EmailOption(), ReadOnlyFlag());
        var command = new Command("invite", "Prints a link to become an administrator. It works once, for 72 hours.")
        {
            context.Account, email, readOnly,
        };
        command.SetAction((parsed, cancellation) => context.Execute<Invitations>(
            parsed, AuditAction.InviteAdministrator, async invitations =>
            AsJson(await invitations.Invite(
                CommandContext.AccountOf(parsed), parsed.GetRequiredValue(email), parsed.GetValue(readOnly),
                context.Actor, cancellation))));
        return command;
    }

    private static Command ResetPassword(CommandContext context)
    {
        var (email, account) = (EmailOption(), AccountOption());
        var command = new Command(
            "reset-password", "Prints a link to set a new password. It works once, for 72 hours.")
        {
            email, account,
        };
        command.SetAction((parsed, cancellation) => context.Execute<Invitations>(
            parsed, AuditAction.ResetPassword, async invitations =>
            AsJson(await invitations.ResetPassword(
                parsed.GetRequiredValue(email), parsed.GetValue(account), context.Actor, cancellation))));
        return command;
    }

    private static Command ResetSecondFactor(CommandContext context)
    {
        var (email, account) = (EmailOption(), AccountOption());
        var command = new Command(
            "reset-second-factor", "Removes an administrator's passkeys, authenticator app and recovery codes.")
        {
            email, account,
        };
        command.SetAction((parsed, cancellation) => context.Execute<AdministratorRegister>(
            parsed, AuditAction.ResetSecondFactors, async register =>
        {
            await register.ResetSecondFactors(
                parsed.GetRequiredValue(email), parsed.GetValue(account), context.Actor, cancellation);
            return new JsonObject { ["email"] = parsed.GetRequiredValue(email), ["secondFactor"] = "none" };
        }));
        return command;
    }

    private static Command Withdraw(CommandContext context)
    {
        var (email, account) = (EmailOption(), AccountOption());
        var command = new Command("withdraw", "Revokes the link that was printed for an address.") { email, account };
        command.SetAction((parsed, cancellation) => context.Execute<Invitations>(
            parsed, AuditAction.WithdrawInvitation, async invitations =>
        {
            await invitations.Withdraw(
                parsed.GetRequiredValue(email), parsed.GetValue(account), context.Actor, cancellation);
            return new JsonObject { ["email"] = parsed.GetRequiredValue(email), ["invitation"] = "withdrawn" };
        }));
        return command;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists an account's administrators and open invitations.")
        {
            context.Account,
        };
        command.SetAction((parsed, cancellation) => context.Query<AdministratorRegister>(
            parsed, AuditAction.ListAdministrators, async register =>
        {
            var accountId = CommandContext.AccountOf(parsed);
            var listed = (await register.List(accountId, cancellation)).Select(AsJson);
            return new JsonArray([.. listed, .. (await register.Invited(accountId, cancellation)).Select(AsJson)]);
        }));
        return command;
    }

    private static Command Update(CommandContext context)
    {
        var (email, account) = (EmailOption(), AccountOption());
        var readOnly = new Option<string>("--read-only")
        {
            Description = "Whether the administrator can look at everything, but change nothing.",
            Required = true,
        };
        readOnly.AcceptOnlyFromAmong("on", "off");
        var command = new Command("update", "Changes the role of an administrator.") { email, readOnly, account };
        command.SetAction((parsed, cancellation) => context.Execute<Memberships>(
            parsed, AuditAction.ChangeRole, async memberships =>
        {
            await memberships.ChangeRole(
                parsed.GetRequiredValue(email), parsed.GetValue(account), parsed.GetValue(readOnly) == "on",
                context.Actor, cancellation);
            return new JsonObject
            {
                ["email"] = parsed.GetRequiredValue(email),
                ["readOnly"] = parsed.GetValue(readOnly),
            };
        }));
        return command;
    }

    private static Command SignOut(CommandContext context)
    {
        var (email, account) = (EmailOption(), AccountOption());
        var command = new Command("sign-out", "Ends all sessions of an administrator.") { email, account };
        command.SetAction((parsed, cancellation) => context.Execute<AdministratorRegister>(
            parsed, AuditAction.EndSessions, async register =>
            new JsonObject
            {
                ["email"] = parsed.GetRequiredValue(email),
                ["sessionsEnded"] = await register.SignOut(
                    parsed.GetRequiredValue(email), parsed.GetValue(account), context.Actor, cancellation),
            }));
        return command;
    }

    private static Command Remove(CommandContext context)
    {
        var (email, account) = (EmailOption(), AccountOption());
        var command = new Command("remove", "Removes an administrator and ends all their sessions.")
        {
            email, account,
        };
        command.SetAction((parsed, cancellation) => context.Execute<Memberships>(
            parsed, AuditAction.RemoveAdministrator, async memberships =>
        {
            await memberships.Remove(
                parsed.GetRequiredValue(email), parsed.GetValue(account), context.Actor, cancellation);
            return new JsonObject { ["email"] = parsed.GetRequiredValue(email), ["administrator"] = "removed" };
        }));
        return command;
    }

    private static Option<string> EmailOption() => new("--email")
    {
        Description = "The e-mail address to sign in with.",
        Required = true,
    };

    /// <summary>Needed only if administrators of several accounts have the address.</summary>
    private static Option<Guid?> AccountOption() => new("--account")
    {
        Description = "The account's id; needed if administrators of several accounts have the address.",
    };

    private static Option<bool> ReadOnlyFlag() => new("--read-only")
    {
        Description = "The person can look at everything, but change nothing.",
    };

    private static JsonObject AsJson(ListedAdministrator listed) => new()
    {
        ["administratorId"] = listed.Administrator.Id,
        ["email"] = listed.Administrator.Email,
        ["state"] = "active",
        ["readOnly"] = OnOff(listed.Administrator.ReadOnly),
        ["authenticatorApp"] = listed.HasApp,
        ["passkeys"] = listed.Passkeys,
        ["lastSignIn"] = listed.LastSignIn,
        ["sessions"] = listed.Sessions,
    };

    private static JsonObject AsJson(Invitation invitation) => new()
    {
        ["email"] = invitation.Email,
        ["state"] = invitation.AdministratorId is null ? "invited" : "password reset",
        ["readOnly"] = OnOff(invitation.ReadOnly),
        ["createdBy"] = invitation.CreatedBy,
        ["expiresAt"] = invitation.ExpiresAt,
    };

    private static string OnOff(bool value) => value ? "on" : "off";

    private static JsonObject AsJson(IssuedInvitation issued) => new()
    {
        ["email"] = issued.Invitation.Email,
        ["link"] = issued.Link,
        ["expiresAt"] = issued.Invitation.ExpiresAt,
    };
}
