namespace Scim.Api.Tokens;

/// <summary>The values of <c>WWW-Authenticate</c> (RFC 6750 §3).</summary>
internal static class Challenges
{
    /// <summary>No bearer token was shown, so no error is named (§3.1).</summary>
    public const string Missing = "Bearer realm=\"SciLeads\"";

    /// <summary>The token is malformed, expired, revoked or not ours.</summary>
    public const string InvalidToken = Missing + ", error=\"invalid_token\"";

    /// <summary>The token was sent twice, or in a way that is not allowed next to the header.</summary>
    public const string InvalidRequest = Missing + ", error=\"invalid_request\"";

    /// <summary>The token is good, but not for this.</summary>
    public static string InsufficientScope(string scope) =>
        Missing + $", error=\"insufficient_scope\", scope=\"{scope}\"";
}
