using System.Globalization;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Tokens;

/// <summary>The refusals of a token, each with the remedy that the administrator has.</summary>
internal static class TokenErrors
{
    private const string Remedy =
        "generate new credentials in SciLeads under SCIM Credentials and paste them into the identity provider.";

    public static ScimError Missing() => ScimError.Unauthorized(
        "The request has no Authorization header: enter the API token in the identity provider, or connect by OAuth.",
        Challenges.Missing);

    /// <summary>The request has a header, but no bearer token in it.</summary>
    public static ScimError NotShown(string detail) => ScimError.Unauthorized(detail, Challenges.Missing);

    /// <summary>A token where others can read it: in logs, histories, the Referer header.</summary>
    public static ScimError InAddress() => NotShown(
        "An access token is not accepted in the address (access_token). Send it in the Authorization header. It may have "
        + "been written to logs on the way, so generate new credentials in SciLeads under SCIM Credentials.");

    /// <summary>A token next to the header (RFC 6750 §3.1).</summary>
    public static ScimError SentTwice() =>
        new(400, null, "The request has an access token besides the one in its Authorization header. Send it there only.")
        {
            Challenge = Challenges.InvalidRequest,
        };

    public static ScimError NotOurs() => Invalid(
        "The token was not issued by SciLeads for SCIM, or it was damaged on the way. Copy it again, or " + Remedy);

    public static ScimError SchemeMissing() => Invalid(
        "This token was issued by OAuth 2.0 and needs the word Bearer and a space before it in the header.");

    public static ScimError NoLongerActive() => Invalid(
        "The token is no longer active: it was replaced or revoked. To go on, " + Remedy);

    public static ScimError Staged() => Invalid(
        "The token belongs to credentials that were generated but not activated yet. Activate them in SciLeads under SCIM "
        + "Credentials; until then, the credentials before them stay active.");

    /// <summary>The credentials have just taken over, and not every server knows that those before them are dead.</summary>
    public static ScimError Pending() => ScimError.Unavailable(
        "The new credentials are being activated at the moment. Try again.", retryAfter: 1);

    /// <summary>A write was about to be committed, but its caller might have been refused meanwhile.</summary>
    public static ScimError NotSure() => ScimError.Unavailable(
        "SciLeads could not make sure in time that the token is still active, and wrote nothing. Try again.",
        retryAfter: 1);

    public static ScimError Expired(DateTime at) => Invalid(string.Create(
        CultureInfo.InvariantCulture,
        $"The token expired on {at:yyyy-MM-dd} at {at:HH:mm:ss} UTC. If it is not renewed by itself, {Remedy}"));

    public static ScimError InsufficientScope(string scope) =>
        ScimError.Forbidden($"The token does not allow this: it lacks the scope {scope}.") with
        {
            Challenge = Challenges.InsufficientScope(scope),
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

    private static ScimError Invalid(string detail) => ScimError.Unauthorized(detail, Challenges.InvalidToken);
}
