using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.Credentials;

namespace Auth.Server.Management;

/// <summary><c>credentials</c>: the credential sets of an account.</summary>
internal static class CredentialCommands
{
    public static Command Create(CommandContext context) => new("credentials", "The credential sets of an account.")
    {
        Generate(context), Stage(context), Check(context), Activate(context), Show(context), List(context),
        Revoke(context),
    };

    private static Command Generate(CommandContext context)
    {
        var options = new CredentialOptions();
        var command = options.AddTo(context, new(
            "generate", "Generates a credential set. The active one and all its tokens end, on every node."));
        command.SetAction((parsed, cancellation) => context.Execute<CredentialContext>(
            parsed, AuditAction.GenerateCredentials, async credentials =>
            credentials.AsJson(await credentials.Issuer.Generate(
                await options.Read(parsed, context, await credentials.FindActive(parsed, cancellation), cancellation),
                once: null,
                cancellation))));
        return command;
    }

    private static Command Stage(CommandContext context)
    {
        var options = new CredentialOptions();
        var activation = new Option<string>("--activation")
        {
            Description = "What activates the set: the command activate, or the first SCIM request with it.",
            DefaultValueFactory = _ => "manual",
        };
        activation.AcceptOnlyFromAmong("manual", "first-use");
        var within = new Option<TimeSpan?>("--within")
        {
            Description = "The time until the set ends if it is not activated: 7d, 12h, 30m.",
            CustomParser = CredentialOptions.ParseTime,
        };
        var command = options.AddTo(context, new(
            "stage", "Generates a credential set to activate later. The active one remains valid until then."));
        command.Options.Add(activation);
        command.Options.Add(within);
        command.SetAction((parsed, cancellation) => context.Execute<CredentialContext>(
            parsed, AuditAction.StageCredentials, async credentials =>
        {
            var active = await credentials.FindActive(parsed, cancellation);
            var staged = await credentials.FindStaged(parsed, cancellation);
            var set = await options.Read(parsed, context, active, cancellation) with
            {
                Staging = new(
                    parsed.GetRequiredValue(activation) == "manual" ? Activation.Manual : Activation.FirstUse,
                    parsed.GetValue(within),
                    staged?.Id),
            };
            return credentials.AsJson(await credentials.Issuer.Generate(set, once: null, cancellation));
        }));
        return command;
    }

    private static Command Check(CommandContext context)
    {
        var file = new FileOption("--secret-file")
        {
            Description = "A file with the client secret or token and nothing else, or - for standard input. "
                + "The check does not count as a use and activates nothing.",
            Required = true,
        };
        var set = SetOption();
        var command = new Command("check", "Checks whether a secret or token belongs to the staged credential set.")
        {
            context.Account, set, file,
        };
        command.SetAction((parsed, cancellation) => context.Execute<CredentialContext>(
            parsed, AuditAction.CheckCredentials, async credentials =>
        {
            var staged = await credentials.RequireStaged(parsed, parsed.GetValue(set), cancellation);
            var secret = await context.ReadFile(parsed.GetRequiredValue(file)!, cancellation);
            var match = await credentials.Staged.Check(
                staged.AccountId, staged.Id, secret, context.Actor, cancellation);
            return new JsonObject { ["credentialSetId"] = match.Id, ["check"] = "good" };
        }));
        return command;
    }

    private static Command Activate(CommandContext context)
    {
        var set = SetOption();
        var command = new Command(
            "activate", "Activates the staged credential set. The active one ends, on every node.")
        {
            context.Account, set,
        };
        command.SetAction((parsed, cancellation) => context.Execute<CredentialContext>(
            parsed, AuditAction.ActivateCredentials, async credentials =>
        {
            var staged = await credentials.RequireStaged(parsed, parsed.GetValue(set), cancellation);
            var activated = await credentials.Sets.Activate(
                staged.AccountId, staged.Id, context.Actor, once: null, cancellation);
            return CredentialContext.AsJson(activated.Result);
        }));
        return command;
    }

    private static Command Show(CommandContext context)
    {
        var command = new Command("show", "Shows the active credential set, without its secret.") { context.Account };
        command.SetAction((parsed, cancellation) => context.Query<CredentialContext>(
            parsed, AuditAction.ShowCredentials, async credentials =>
            CredentialContext.AsJson(await credentials.RequireActive(parsed, cancellation))));
        return command;
    }

    private static Command List(CommandContext context)
    {
        var command = new Command(
            "list", "Lists the current and past credential sets of the account, without their secrets.")
        {
            context.Account,
        };
        command.SetAction((parsed, cancellation) => context.Query<CredentialHistory>(
            parsed, AuditAction.ShowCredentials, async history =>
            new JsonArray([.. (await history.List(CommandContext.AccountOf(parsed), cancellation))
                .Select(CredentialContext.AsJson)])));
        return command;
    }

    private static Command Revoke(CommandContext context)
    {
        var set = SetOption();
        var command = new Command(
            "revoke", "Ends the active credential set without replacing it, or with --set the staged one.")
        {
            context.Account, set,
        };
        command.SetAction((parsed, cancellation) => context.Execute<CredentialContext>(
            parsed, AuditAction.RevokeCredentials, async credentials =>
        {
            var id = parsed.GetValue(set) ?? (await credentials.RequireActive(parsed, cancellation)).Id;
            var accountId = CommandContext.AccountOf(parsed);
            var confirmation = await credentials.Sets.Revoke(accountId, id, context.Actor, once: null, cancellation);
            var answer = new JsonObject { ["credentialSetId"] = id, ["state"] = "ended" };
            if (confirmation is not null)
                answer["confirmation"] = $"{confirmation}";
            return answer;
        }));
        return command;
    }

    private static Option<Guid?> SetOption() => new("--set")
    {
        Description = "The id of the credential set; by default the only one that there is.",
    };
}
