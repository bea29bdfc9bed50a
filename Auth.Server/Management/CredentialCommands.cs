using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.Json.Nodes;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary><c>credentials</c>: the credential set of an account.</summary>
internal static class CredentialCommands
{
    public static Command Create(CommandContext context) => new("credentials", "The credential set of an account.")
    {
        Generate(context), Show(context), Revoke(context),
    };

    private static Command Generate(CommandContext context)
    {
        var method = new Option<string>("--method") { Description = "How the identity provider signs in.", Required = true };
        method.AcceptOnlyFromAmong("oauth2", "direct-jwt");
        var lifetime = new Option<TimeSpan?>("--lifetime")
        {
            Description = "Until the set ends by itself: 365d, 12h, 30m.",
            CustomParser = ParseLifetime,
        };
        var redirectUri = new Option<string[]>("--redirect-uri") { Description = "Where codes may be sent (oauth2)." };
        var oktaApp = new Option<string?>("--okta-app") { Description = "Okta's app name: its five redirect URIs (oauth2)." };
        var requirePkce = new Option<bool>("--require-pkce")
        {
            Description = "Refuses codes asked for without PKCE (oauth2); Okta does not send it.",
        };
        var jwks = new Option<string?>("--jwks")
        {
            Description = "A file with public P-256 keys, a JWK set: the client has no secret, but proves itself with a key (oauth2).",
        };
        var command = new Command("generate", "Makes a credential set. The one before it ends, and all its tokens.")
        {
            CommandContext.Account, method, lifetime, redirectUri, oktaApp, requirePkce, jwks,
        };
        command.SetAction((parsed, cancellation) => context.Answer<CredentialSets>(
            parsed, AuditAction.GenerateCredentials, async sets =>
        {
            var accountId = parsed.GetRequiredValue(CommandContext.Account);
            var current = await sets.FindActive(accountId, cancellation);
            IEnumerable<string> ofOkta = parsed.GetValue(oktaApp) is { } app ? RedirectUris.OfOktaApp(app) : [];
            var issued = await sets.Generate(
                new(
                    accountId,
                    current?.Id,
                    parsed.GetRequiredValue(method) == "oauth2" ? CredentialMethods.OAuth2 : CredentialMethods.DirectJwt,
                    CommandContext.By,
                    parsed.GetValue(lifetime),
                    [.. ofOkta, .. parsed.GetValue(redirectUri) ?? []],
                    parsed.GetValue(requirePkce),
                    parsed.GetValue(jwks) is { } file ? await context.ReadFile(file, cancellation) : null),
                cancellation);
            return AsJson(issued, context.Options);
        }));
        return command;
    }

    private static Command Show(CommandContext context)
    {
        var command = new Command("show", "Shows the active credential set, without its secret.") { CommandContext.Account };
        command.SetAction((parsed, cancellation) => context.Answer<CredentialSets>(
            parsed, AuditAction.ShowCredentials, async sets =>
            AsJson(await RequireActive(sets, parsed.GetRequiredValue(CommandContext.Account), cancellation))));
        return command;
    }

    private static Command Revoke(CommandContext context)
    {
        var command = new Command("revoke", "Ends the active credential set without a successor.") { CommandContext.Account };
        command.SetAction((parsed, cancellation) => context.Answer<CredentialSets>(
            parsed, AuditAction.RevokeCredentials, async sets =>
        {
            var accountId = parsed.GetRequiredValue(CommandContext.Account);
            var current = await RequireActive(sets, accountId, cancellation);
            await sets.Revoke(accountId, current.Id, CommandContext.By, cancellation);
            return new JsonObject { ["credentialSetId"] = current.Id, ["state"] = "ended" };
        }));
        return command;
    }

    private static async Task<CredentialSet> RequireActive(
        CredentialSets sets, Guid accountId, CancellationToken cancellation) =>
        await sets.FindActive(accountId, cancellation)
        ?? throw ProblemException.NotFound($"Account {accountId} has no active credential set.");

    private static JsonObject AsJson(CredentialSet set) => new()
    {
        ["credentialSetId"] = set.Id,
        ["generation"] = set.Generation,
        ["method"] = set.Method,
        ["clientId"] = set.ClientId,
        ["lastFour"] = set.LastFour,
        ["createdAt"] = set.CreatedAt,
        ["createdBy"] = set.CreatedBy,
        ["expiresAt"] = set.ExpiresAt,
    };

    private static JsonObject AsJson(IssuedCredentials issued, AuthOptions options)
    {
        var answer = AsJson(issued.Set);
        answer["scimBaseUrl"] = options.ScimBaseUrl.ToString();
        if (issued.Token is not null)
        {
            answer["token"] = issued.Token;
            return answer;
        }

        answer["clientSecret"] = issued.ClientSecret;
        answer["authorizeUrl"] = new Uri(options.PublicUrl, AuthorizationServer.AuthorizePath).ToString();
        answer["tokenUrl"] = new Uri(options.PublicUrl, AuthServerPaths.Token).ToString();
        return answer;
    }

    private static TimeSpan? ParseLifetime(ArgumentResult argument)
    {
        var text = argument.Tokens.Single().Value;
        if (text.Length > 1
            && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            switch (text[^1])
            {
                case 'd': return CredentialSets.Days(number);
                case 'h': return CredentialSets.Days(number / 24) + TimeSpan.FromHours(number % 24);
                case 'm': return TimeSpan.FromMinutes(number);
                default: break;
            }
        }

        argument.AddError($"\"{text}\" is no lifetime. Write days, hours or minutes: 365d, 12h, 30m.");
        return null;
    }
}
