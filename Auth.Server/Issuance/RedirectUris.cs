using System.Text.RegularExpressions;
using Microsoft.AspNetCore.WebUtilities;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Issuance;

/// <summary>
/// Where an authorization code may be sent (RFC 6749 §3.1.2). The client's redirect URI must match a registered one
/// exactly, character by character (RFC 9700 §2.1).
/// </summary>
internal static partial class RedirectUris
{
    // The only plain http address that Okta asks for: its internal test system.
    private const string OktaTestHost = "http://system-admin.okta1.com:1802/";

    // If the URI already had one of these, a client could not tell it from the server's (RFC 6749 §3.1, RFC 9207 §4).
    private static readonly string[] responseParameters =
    [
        Parameters.Code, Parameters.State, Parameters.Iss, Parameters.Error, Parameters.ErrorDescription,
        Parameters.ErrorUri,
    ];

    /// <summary>
    /// The five redirect URIs of an Okta application. Its name is part of the address of its page in Okta.
    /// </summary>
    public static IReadOnlyList<string> OfOktaApp(string appName) => OktaAppName().IsMatch(appName)
        ?
        [
            $"https://system-admin.okta.com/admin/app/cpc/{appName}/oauth/callback",
            $"https://system-admin.okta-emea.com/admin/app/cpc/{appName}/oauth/callback",
            $"https://system-admin.oktapreview.com/admin/app/cpc/{appName}/oauth/callback",
            $"https://system-admin.trexcloud.com/admin/app/cpc/{appName}/oauth/callback",
            $"{OktaTestHost}admin/app/cpc/{appName}/oauth/callback",
        ]
        : throw ProblemException.Invalid(
            $"\"{appName}\" is not a valid Okta app name. It has letters, digits, hyphens and underscores only, as in "
            + ".../admin/app/NAME/instance/...");

    /// <summary>The Okta application that a redirect URI belongs to; null if it is not exactly one of Okta's.</summary>
    public static string? OktaAppOf(string redirectUri) =>
        OktaCallback().Match(redirectUri) is { Success: true } callback
        && OfOktaApp(callback.Groups[1].Value).Contains(redirectUri, StringComparer.Ordinal)
            ? callback.Groups[1].Value
            : null;

    /// <summary>Refuses a redirect URI that could hand a code to somebody else.</summary>
    public static string Check(string? text)
    {
        text ??= "";
        // RFC 3986 §2: clients would encode any other character, so the comparison would fail; and a
        // Location header cannot hold it.
        if (!UriCharacters().IsMatch(text))
            throw ProblemException.Invalid(
                $"The redirect URI {text} has spaces or characters that must be percent-encoded, or xn-- in a host.");
        if (text.Contains('*', StringComparison.Ordinal))
            throw ProblemException.Invalid($"The redirect URI {text} has a wildcard; it must be the exact address.");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || uri.Scheme is not ("https" or "http")
            || !HasHost().IsMatch(text))
            throw ProblemException.Invalid($"The redirect URI {text} is not an absolute http or https address.");
        if (text.Contains('#', StringComparison.Ordinal))
            throw ProblemException.Invalid($"The redirect URI {text} has a fragment (#), which RFC 6749 forbids.");
        if (uri.UserInfo.Length > 0)
            throw ProblemException.Invalid($"The redirect URI {text} has a user name before its host.");
        if (uri.Scheme == "http" && !uri.IsLoopback && !text.StartsWith(OktaTestHost, StringComparison.Ordinal))
            throw ProblemException.Invalid($"The redirect URI {text} must begin with https://.");
        if (QueryHelpers.ParseQuery(uri.Query).Keys.FirstOrDefault(
            name => responseParameters.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } own)
        {
            throw ProblemException.Invalid(
                $"The redirect URI {text} has the parameter {own}, which is reserved for the authorization response.");
        }
        return text;
    }

    [GeneratedRegex(@"^(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*\z")]
    private static partial Regex UriCharacters();

    [GeneratedRegex("^[A-Za-z]+://[^/?#]")]
    private static partial Regex HasHost();

    [GeneratedRegex("/admin/app/cpc/([A-Za-z0-9_-]{1,100})/oauth/callback\\z")]
    private static partial Regex OktaCallback();

    [GeneratedRegex("^[A-Za-z0-9_-]{1,100}\\z")]
    private static partial Regex OktaAppName();
}
