using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>The options of a new credential set.</summary>
internal sealed class CredentialOptions
{
    private readonly Option<string> method = new("--method")
    {
        Description = "How the identity provider authenticates.",
        Required = true,
    };

    private readonly Option<TimeSpan?> lifetime = new("--lifetime")
    {
        Description = "The time until the set expires: 365d, 12h, 30m.",
        CustomParser = ParseTime,
    };

    private readonly Option<string[]> redirectUri = new("--redirect-uri")
    {
        Description = "A redirect URI for authorization codes (oauth2); can be repeated.",
    };

    private readonly Option<string?> oktaApp = new("--okta-app")
    {
        Description = "Okta's app name; registers Okta's five redirect URIs (oauth2).",
    };

    private readonly Option<bool> requirePkce = new("--require-pkce")
    {
        Description = "Refuses authorization requests without PKCE (oauth2). Okta does not send it.",
    };

    private readonly FileOption jwks = new("--jwks")
    {
        Description = "A file with public P-256 keys as a JWK set, or - for standard input. The client then "
            + "authenticates with a key and has no secret (oauth2).",
    };

    public CredentialOptions() => method.AcceptOnlyFromAmong("oauth2", "direct-jwt");

    public Command AddTo(CommandContext context, Command command)
    {
        foreach (var option in new Option[]
        {
            context.Account, method, lifetime, redirectUri, oktaApp, requirePkce, jwks,
        })
        {
            command.Options.Add(option);
        }

        return command;
    }

    public async Task<NewCredentialSet> Read(
        ParseResult parsed, CommandContext context, CredentialSet? replaces, CancellationToken cancellation)
    {
        IEnumerable<string> oktaUris = parsed.GetValue(oktaApp) is { } app ? RedirectUris.OfOktaApp(app) : [];
        return new(
            CommandContext.AccountOf(parsed),
            replaces?.Id,
            parsed.GetRequiredValue(method) == "oauth2" ? CredentialMethods.OAuth2 : CredentialMethods.DirectJwt,
            context.Actor,
            parsed.GetValue(lifetime),
            [.. oktaUris, .. parsed.GetValue(redirectUri) ?? []],
            parsed.GetValue(requirePkce),
            parsed.GetValue(jwks) is { } file ? await context.ReadFile(file, cancellation) : null);
    }

    /// <summary>Parses days, hours or minutes: <c>365d</c>, <c>12h</c>, <c>30m</c>.</summary>
    public static TimeSpan? ParseTime(ArgumentResult argument)
    {
        var text = argument.Tokens.Single().Value;
        if (text.Length > 1
            && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            switch (text[^1])
            {
                case 'd': return NewCredentialSet.Days(number);
                case 'h': return NewCredentialSet.Days(number / 24) + TimeSpan.FromHours(number % 24);
                case 'm': return TimeSpan.FromMinutes(number);
                default: break;
            }
        }

        argument.AddError($"\"{text}\" is not a valid time. Write days, hours or minutes: 365d, 12h, 30m.");
        return null;
    }
}
