using Auth.Server.Issuance;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>
/// Says what a pasted token or secret is and whether it works. It is not stored, logged or shown again.
/// </summary>
internal sealed class CheckModel(TokenCheck tokens) : PortalPage
{
    public const string Path = "/scim-credentials/check";

    /// <summary>Longer than any token of this server.</summary>
    public const int MaxLength = 8000;

    /// <summary>What was found out about the token that was pasted; null if none was.</summary>
    public TokenVerdict? Verdict { get; private set; }

    public async Task<IActionResult> OnPost(string? secret, CancellationToken cancellation)
    {
        Verdict = await tokens.Check(Administrator.AccountId, secret ?? "", Actor, cancellation);
        return Page();
    }

    /// <summary>A verdict in words: the tone, what it is, and what to do.</summary>
    public static (string Tone, string Headline, string Remedy) Explain(TokenVerdict verdict) => verdict switch
    {
        { Finding: TokenFinding.Active } =>
            ("good", "Correct: this belongs to the current credentials.", "It works."),
        { Finding: TokenFinding.Staged } => (
            "good",
            "Correct: this belongs to the staged credentials.",
            "The check does not count as a use, and activated nothing."),
        { Finding: TokenFinding.Ended, Set: { } set } =>
            ("error", "This no longer works: its credentials have ended.", Portal.WhyEnded(set)),
        { Finding: TokenFinding.Expired } => (
            "error", "This access token has expired.",
            "Identity providers obtain new ones by themselves. If yours does not, authorize it again."),
        { Finding: TokenFinding.Revoked } => (
            "error", "This access token was revoked, or a newer one has replaced its access.",
            "Authorize the integration again at your identity provider."),
        { Finding: TokenFinding.CutOff } => (
            "error", $"This is cut off after {Characters(verdict.Length)}.",
            "Its end is missing. Copy all of it, and paste it again where it is used. If you no longer have it, "
            + "generate new credentials."),
        { Finding: TokenFinding.Damaged } => (
            "error", "This is damaged: a character is wrong or missing.",
            $"It has {Characters(verdict.Length)}. Copy it again without changing it. If you no longer have it, "
            + "generate new credentials."),
        { Finding: TokenFinding.OtherAccount } => (
            "error", "This belongs to another SciLeads account.",
            "Use the credentials that are shown in SCIM Credentials of this account."),
        { Finding: TokenFinding.Portal } => (
            "error", "SciLeads issued this, but not for an identity provider.",
            "Use an API token or client credentials from SCIM Credentials."),
        { Finding: TokenFinding.NotForScim } => (
            "error", "This is an authorization code or a refresh token.",
            "Only an access token or an API token gives access. Identity providers obtain it by themselves."),
        { Finding: TokenFinding.ClientId } => (
            "error", "This is a client ID, not a secret.",
            "Enter it as the client ID, and the client secret, which begins with scim_cs_, as the secret."),
        { Finding: TokenFinding.UnknownSecret } => (
            "error", "This has the form of a SciLeads client secret, but it is not one of this account's.",
            "It may belong to another account. Use the credentials of this account."),
        { Finding: TokenFinding.Forgotten } => (
            "error", "SciLeads issued this, but no longer knows it.",
            "It expired or was replaced long ago. Generate new credentials."),
        { Finding: TokenFinding.Empty } => ("error", "Nothing was pasted.", "Paste a token or secret below."),
        _ => (
            "error",
            verdict.Issuer is null
                ? "This is not from SciLeads."
                : $"This is not from SciLeads: it says that {verdict.Issuer} issued it.",
            "An API token begins with eyJ, a client secret with scim_cs_. Generate credentials if you have none."),
    };

    private static string Characters(int count) => count == 1 ? "1 character" : $"{count} characters";
}
