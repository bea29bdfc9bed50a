using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Administrators;
using Auth.Server.Audit;

namespace Auth.Server.Management;

/// <summary><c>operators</c>: SciLeads' staff, who sign in to the console.</summary>
internal static class OperatorCommands
{
    public static Command Create(CommandContext context)
    {
        var command = new Command("operators", "SciLeads' staff, who sign in to the console.")
        {
            CreateOperator(context), List(context),
        };
        new SignInCommands(context, areOperators: true).AddTo(command);
        return command;
    }

    private static Command CreateOperator(CommandContext context)
    {
        var email = SignInCommands.EmailOption();
        var command = new Command("create", "Prints a link to become an operator. It works once, for 72 hours.")
        {
            email,
        };
        command.SetAction((parsed, cancellation) => context.Execute<Invitations>(
            parsed, AuditAction.InviteAdministrator, async invitations =>
            SignInCommands.AsJson(await invitations.Invite(
                accountId: null, parsed.GetRequiredValue(email), readOnly: true, context.Actor, cancellation))));
        return command;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command("list", "Lists the operators and their open invitations.");
        command.SetAction((parsed, cancellation) => context.Query<AdministratorRegister>(
            parsed, AuditAction.ListAdministrators, async register =>
            new JsonArray(
                [
                    .. (await register.List(accountId: null, cancellation)).Select(AsJson),
                    .. (await register.Invited(accountId: null, cancellation)).Select(AsJson),
                ])));
        return command;
    }

    private static JsonObject AsJson(ListedAdministrator listed) => new()
    {
        ["operatorId"] = listed.Administrator.Id,
        ["email"] = listed.Administrator.Email,
        ["state"] = "active",
        ["authenticatorApp"] = listed.HasApp,
        ["passkeys"] = listed.Passkeys,
        ["lastSignIn"] = listed.LastSignIn,
        ["sessions"] = listed.Sessions,
    };

    private static JsonObject AsJson(Invitation invitation) => new()
    {
        ["email"] = invitation.Email,
        ["state"] = invitation.AdministratorId is null ? "invited" : "password reset",
        ["createdBy"] = invitation.CreatedBy,
        ["expiresAt"] = invitation.ExpiresAt,
    };
}
