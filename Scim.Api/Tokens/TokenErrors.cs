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
        };

    public static ScimError ScimDisabled(string account) => ScimError.Forbidden(
        $"SCIM is not enabled for {account}. Please write to support@scileads.com.");

    public static ScimError Suspended(string account) => ScimError.Forbidden(
        $"The account {account} is suspended. Please write to support@scileads.com.");

    private static ScimError Invalid(string detail) => ScimError.Unauthorized(detail, Challenges.InvalidToken);
}
