using System.CommandLine;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.KeyLifecycle;
using Auth.Server.Keys;

namespace Auth.Server.Management;

/// <summary>
/// <c>keys</c>: the keys that sign and encrypt tokens. They rotate automatically; these commands are for emergencies.
/// </summary>
internal static class KeyCommands
{
    public static Command Create(CommandContext context) => new("keys", "The keys that sign and encrypt tokens.")
    {
        List(context), Rotate(context),
    };

    private static Command List(CommandContext context)
    {
        var command = new Command(
            "list", "Lists all current and past keys, and how many live tokens were issued with each.");
        command.SetAction((parsed, cancellation) => context.Query<KeyRotation>(
            parsed, AuditAction.ListKeys, async rotation =>
            new JsonArray([.. (await rotation.List(cancellation)).Select(AsJson)])));
        return command;
    }

    private static Command Rotate(CommandContext context)
    {
        var compromised = new Option<string?>("--compromised")
        {
            Description =
                "The id of a key that may be compromised. It is withdrawn, and every token issued with it ends.",
        };
        var command = new Command(
            "rotate", "Activates the announced keys now. Tokens issued with the old ones remain valid.")
        {
            compromised,
        };
        command.SetAction((parsed, cancellation) => context.Execute<KeyRotation>(
            parsed, AuditAction.RotateKeys, async rotation =>
        {
            if (parsed.GetValue(compromised) is not { } id)
            {
                await rotation.Rotate(context.Actor, cancellation);
                return await ActiveKeys(rotation, cancellation);
            }

            var ended = await rotation.Withdraw(id, context.Actor, cancellation);
            var result = await ActiveKeys(rotation, cancellation);
            result["withdrawn"] = id;
            result["endedTokens"] = ended.Tokens;
            result["endedCredentialSets"] = new JsonArray(
                [.. ended.CredentialSets.Select(set => (JsonNode)$"{set.Id} of {set.Account.Name}")]);
            return result;
        }));
        return command;
    }

    private static async Task<JsonObject> ActiveKeys(KeyRotation rotation, CancellationToken cancellation)
    {
        var active = (await rotation.List(cancellation)).Where(key => key.State == KeyState.Active).ToList();
        return new()
        {
            ["signingKey"] = active.Single(key => key.Key.Use == KeyUse.Signing).Key.Id,
            ["encryptionKey"] = active.Single(key => key.Key.Use == KeyUse.Encryption).Key.Id,
        };
    }

    private static JsonObject AsJson(ListedKey listed) => new()
    {
        ["keyId"] = listed.Key.Id,
        ["use"] = listed.Key.Use.ToString().ToLowerInvariant(),
        ["state"] = listed.State.ToString().ToLowerInvariant(),
        ["createdAt"] = listed.Key.CreatedAt,
        ["activeFrom"] = listed.Key.ActiveFrom,
        ["retiredAt"] = listed.RetiredAt,
        ["forgottenAt"] = listed.Key.ForgottenAt,
        ["withdrawnAt"] = listed.Key.WithdrawnAt,
        ["liveTokens"] = listed.LiveTokens,
        ["lastTokenEnds"] = listed.LastTokenEnds,
    };
}
