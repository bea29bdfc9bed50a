using System.Globalization;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Admission;

/// <summary>
/// The refusals of a token, each with what the administrator can do, and their <c>WWW-Authenticate</c> (RFC 6750 §3).
/// </summary>
internal static class TokenErrors
{
    /// <summary>The challenge for a token that is malformed, expired, revoked or not ours.</summary>
    public const string InvalidToken = NoToken + ", error=\"invalid_token\"";

    // A request without a bearer token gets no error code (RFC 6750 §3.1).
    private const string NoToken = "Bearer realm=\"SciLeads\"";

    private const string Remedy =
        "generate new credentials in SciLeads under SCIM Credentials and paste them into the identity provider.";

    public static ScimError Missing() => Missing(
        "The request has no Authorization header: enter the API token in the identity provider, or connect by OAuth.");

    /// <summary>The request has no bearer token, for the reason that the detail gives.</summary>
    public static ScimError Missing(string detail) => ScimError.Unauthorized(detail, NoToken);

    /// <summary>A token in the address, where others can read it: in logs, histories, the Referer header.</summary>
    public static ScimError InAddress() => Missing(
        "An access token is not accepted in the address (access_token). Send it in the Authorization header. Logs may "
        + "contain this token now, so generate new credentials in SciLeads under SCIM Credentials.");

    /// <summary>A second token besides the header's (RFC 6750 §3.1).</summary>
    public static ScimError SentTwice() =>
        new(400, null, "The request contains an access token outside its Authorization header. Send it only there.")
        {
            Challenge = NoToken + ", error=\"invalid_request\"",
        };

    public static ScimError NotOurs() => Invalid(
        "The token was not issued by SciLeads for SCIM, or it was damaged in transit. Copy it again, or " + Remedy);

    public static ScimError SchemeMissing() => Invalid(
        "This token was issued by OAuth 2.0 and needs the word Bearer and a space before it in the header.");

    public static ScimError NoLongerActive() => Invalid(
        "The token is no longer active: it was replaced or revoked. To continue, " + Remedy);

    public static ScimError Staged() => Invalid(
        "The token belongs to credentials that were generated but not activated yet. Activate them in SciLeads under "
        + "SCIM Credentials. Until then, the previous credentials remain active.");

    /// <summary>The activation of the set has been committed, but not every node has confirmed it.</summary>
    public static ScimError Pending() => ScimError.Unavailable(
        "The new credentials are being activated. Try again.", retryAfter: 1);

    /// <summary>A write was about to be committed, but its caller may have lost access in the meantime.</summary>
    public static ScimError Unconfirmed() => ScimError.Unavailable(
        "SciLeads could not confirm in time that the token is still active. Nothing was changed. Try again.",
        retryAfter: 1);

    public static ScimError Expired(DateTime at) => Invalid(string.Create(
        CultureInfo.InvariantCulture,
        $"The token expired on {at:yyyy-MM-dd} at {at:HH:mm:ss} UTC. If it is not renewed automatically, {Remedy}"));

    public static ScimError InsufficientScope(string scope) =>
        ScimError.Forbidden($"The token does not allow this: it lacks the scope {scope}.") with
        {
            Challenge = NoToken + $", error=\"insufficient_scope\", scope=\"{scope}\"",
            IsOfCaller = true,
        };

    public static ScimError ScimDisabled(string account) =>
        ScimError.Forbidden($"SCIM is not enabled for {account}. Please write to support@scileads.com.") with
        {
            IsOfCaller = true,
        };

    public static ScimError Suspended(string account) =>
        ScimError.Forbidden($"The account {account} is suspended. Please write to support@scileads.com.") with
        {
            IsOfCaller = true,
        };

    public static ScimError ReadOnly() =>
        ScimError.Forbidden("Your access is read-only. Nothing was changed. Ask an administrator.") with
        {
            IsOfCaller = true,
        };

    private static ScimError Invalid(string detail) => ScimError.Unauthorized(detail, InvalidToken);
}
