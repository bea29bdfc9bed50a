using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Administrators;
using Auth.Server.Audit;

namespace Auth.Server.Management;

/// <summary>
/// The commands about how people sign in, which are the same for administrators and operators, except that an
/// administrator's address may belong to several accounts.
/// </summary>
internal sealed class SignInCommands(CommandContext context, bool areOperators)
{
    private string Person => areOperators ? "operator" : "administrator";

    /// <summary>Adds the commands to those of administrators or operators.</summary>
    public void AddTo(Command people)
    {
        foreach (var command in new[] { Withdraw(), SignOut(), ResetPassword(), ResetSecondFactor(), Remove() })
            people.Subcommands.Add(command);
    }

    public static Option<string> EmailOption() => new("--email")
    {
        Description = "The e-mail address to sign in with.",
        Required = true,
    };

    public static JsonObject AsJson(IssuedInvitation issued) => new()
    {
        ["email"] = issued.Invitation.Email,
        ["link"] = issued.Link,
        ["expiresAt"] = issued.Invitation.ExpiresAt,
    };

    public JsonObject AsJson(ListedAdministrator listed) => WithRole(listed.Administrator.ReadOnly, new()
    {
        [$"{Person}Id"] = listed.Administrator.Id,
        ["email"] = listed.Administrator.Email,
        ["state"] = "active",
        ["authenticatorApp"] = listed.HasApp,
        ["passkeys"] = listed.Passkeys,
        ["lastSignIn"] = listed.LastSignIn,
        ["sessions"] = listed.Sessions,
    });

    public JsonObject AsJson(Invitation invitation) => WithRole(invitation.ReadOnly, new()
    {
        ["email"] = invitation.Email,
        ["state"] = invitation.AdministratorId is null ? "invited" : "password reset",
        ["createdBy"] = invitation.CreatedBy,
        ["expiresAt"] = invitation.ExpiresAt,
    });

    /// <summary>Whom a command means.</summary>
    public SignInName NameIn(ParseResult parsed) => new(
        parsed.GetRequiredValue<string>("--email"),
        areOperators ? null : parsed.GetValue<Guid?>("--account"),
        areOperators);

    /// <summary>Creates a command about one person.</summary>
    public Command Create(string name, string description)
    {
        var command = new Command(name, description) { EmailOption() };
        if (!areOperators)
        {
            command.Options.Add(new Option<Guid?>("--account")
            {
                Description = "The account's id; needed if administrators of several accounts have the address.",
            });
        }
        return command;
    }

    /// <summary>Operators all have the same role.</summary>
    private JsonObject WithRole(bool readOnly, JsonObject person)
    {
        if (!areOperators)
            person.Insert(person.IndexOf("state") + 1, "readOnly", readOnly ? "on" : "off");
        return person;
    }

    private Command Withdraw()
    {
        var command = Create("withdraw", "Revokes the link that was printed for an address.");
        command.SetAction((parsed, cancellation) => context.Execute<Invitations>(
            parsed, AuditAction.WithdrawInvitation, async invitations =>
        {
            await invitations.Withdraw(NameIn(parsed), context.Actor, cancellation);
            return new JsonObject { ["email"] = NameIn(parsed).Email, ["invitation"] = "withdrawn" };
        }));
        return command;
    }

    private Command SignOut()
    {
        var command = Create("sign-out", $"Ends all sessions of an {Person}.");
        command.SetAction((parsed, cancellation) => context.Execute<AdministratorRegister>(
            parsed, AuditAction.EndSessions, async register =>
            new JsonObject
            {
                ["email"] = NameIn(parsed).Email,
                ["sessionsEnded"] = await register.SignOut(NameIn(parsed), context.Actor, cancellation),
            }));
        return command;
    }

    private Command ResetPassword()
    {
        var command = Create(
            "reset-password", "Prints a link to set a new password. It works once, for 72 hours.");
        command.SetAction((parsed, cancellation) => context.Execute<Invitations>(
            parsed, AuditAction.ResetPassword, async invitations =>
            AsJson(await invitations.ResetPassword(NameIn(parsed), context.Actor, cancellation))));
        return command;
    }

    private Command ResetSecondFactor()
    {
        var command = Create(
            "reset-second-factor", $"Removes an {Person}'s passkeys, authenticator app and recovery codes.");
        command.SetAction((parsed, cancellation) => context.Execute<AdministratorRegister>(
            parsed, AuditAction.ResetSecondFactors, async register =>
        {
            await register.ResetSecondFactors(NameIn(parsed), context.Actor, cancellation);
            return new JsonObject { ["email"] = NameIn(parsed).Email, ["secondFactor"] = "none" };
        }));
        return command;
    }

    private Command Remove()
    {
        var command = Create("remove", $"Removes an {Person} and ends all their sessions.");
        command.SetAction((parsed, cancellation) => context.Execute<Memberships>(
            parsed, AuditAction.RemoveAdministrator, async memberships =>
        {
            await memberships.Remove(NameIn(parsed), context.Actor, cancellation);
            return new JsonObject { ["email"] = NameIn(parsed).Email, [Person] = "removed" };
        }));
        return command;
    }
}
