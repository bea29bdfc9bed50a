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
        var signIn = new SignInCommands(context, areOperators: true);
        var command = new Command("operators", "SciLeads' staff, who sign in to the console.")
        {
            CreateOperator(context), List(context, signIn),
        };
        signIn.AddTo(command);
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

    private static Command List(CommandContext context, SignInCommands signIn)
    {
        var command = new Command("list", "Lists the operators and their open invitations.");
        command.SetAction((parsed, cancellation) => context.Query<AdministratorRegister>(
            parsed, AuditAction.ListAdministrators, async register =>
            new JsonArray(
                [
                    .. (await register.List(accountId: null, cancellation)).Select(signIn.AsJson),
                    .. (await register.Invited(accountId: null, cancellation)).Select(signIn.AsJson),
                ])));
        return command;
    }
}
