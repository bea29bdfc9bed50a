using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.Provisioning;

namespace Auth.Server.Management;

/// <summary><c>provisioning</c>: who is provisioned, and why somebody is not.</summary>
internal static class ProvisioningCommands
{
    public static Command Create(CommandContext context) => new("provisioning", "Who is provisioned, and who is not.")
    {
        Check(context),
    };

    private static Command Check(CommandContext context)
    {
        var email = new Option<string>("--email") { Description = "The person's e-mail address.", Required = true };
        var command = new Command("check", "Explains why a person is not provisioned.") { context.Account, email };
        command.SetAction((parsed, cancellation) => context.Query<Diagnoses>(
            parsed, AuditAction.CheckProvisioning, async diagnoses =>
            AsJson(ProvisioningCheckResponse.From(
                await diagnoses.Diagnose(
                    CommandContext.AccountOf(parsed), parsed.GetRequiredValue(email), cancellation),
                context.Options))));
        return command;
    }

    private static JsonObject AsJson(ProvisioningCheckResponse answer) => new()
    {
        ["email"] = answer.Email,
        ["provisioned"] = answer.Provisioned,
        ["cause"] = answer.Cause,
        ["explanation"] = answer.Explanation,
        ["remedy"] = answer.Remedy,
        ["link"] = answer.Link,
        ["checks"] = new JsonArray(
        [
            .. answer.Checks.Select(check => (JsonNode)$"{Mark(check.Fine)} {check.Text}"),
        ]),
    };

    private static string Mark(bool? fine) => fine switch
    {
        true => "ok:",
        false => "NOT OK:",
        null => "not known:",
    };
}
