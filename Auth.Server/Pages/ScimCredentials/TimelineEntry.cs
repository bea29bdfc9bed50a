using Auth.Server.Credentials;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>Something that happened to a credential set, as a sentence.</summary>
/// <param name="At">When, UTC.</param>
/// <param name="Sentence">What happened, without the secret.</param>
/// <param name="Tone">A class of the style sheet: good, error, or none.</param>
/// <param name="Use">The call that the entry is about; null if it is about none.</param>
internal sealed record TimelineEntry(DateTime At, string Sentence, string Tone = "", Use? Use = null)
{
    /// <summary>What happened to an account's sets, the newest first.</summary>
    public static IEnumerable<TimelineEntry> Of(IEnumerable<CredentialSet> sets) =>
        sets.SelectMany(Of).OrderByDescending(entry => entry.At);

    private static IEnumerable<TimelineEntry> Of(CredentialSet set)
    {
        var secret = Portal.DescribeSecret(set);
        if (set.LastRefusal is { } refusal)
        {
            yield return new(
                refusal.At, $"Last refused call with the {secret}, after it had ended", "error", refusal);
        }
        if (set.EndedAt is { } endedAt)
            yield return new(endedAt, EndOf(set, secret), set.EndReason == CredentialSetEnd.Superseded ? "" : "error");
        if (set.LastUse is { } use)
            yield return new(use.At, $"Last call with the {secret}", "good", use);
        if (set.FirstUsedAt is { } firstUsedAt && firstUsedAt != set.LastUse?.At)
            yield return new(firstUsedAt, $"First call with the {secret}.", "good");
        if (set is { ActivatedAt: { } activatedAt, Activation: { } activation })
        {
            yield return new(
                activatedAt,
                activation == Activation.FirstUse && set.ActivatedBy == "first use"
                    ? $"Its first call activated the {secret}."
                    : $"{Portal.Capitalize(set.ActivatedBy!)} activated the {secret}.");
        }
        var how = set.Activation is null ? "generated" : "staged";
        yield return new(
            set.CreatedAt, $"{Portal.Capitalize(set.CreatedBy)} {how} the {secret} ({Portal.NameOf(set.Method)}).");
    }

    private static string EndOf(CredentialSet set, string secret) => set.EndReason switch
    {
        CredentialSetEnd.Superseded when set.EndedBy == "first use" =>
            $"The {secret} was replaced when the new credentials were first used.",
        CredentialSetEnd.Superseded => $"{Portal.Capitalize(set.EndedBy!)} replaced the {secret}.",
        CredentialSetEnd.Revoked => $"{Portal.Capitalize(set.EndedBy!)} revoked the {secret}.",
        CredentialSetEnd.KeyWithdrawn => $"SciLeads ended the {secret}, because it withdrew the key that signed it.",
        _ when set.ActivatedAt is null => $"The {secret} was never activated, and expired.",
        _ => $"The {secret} expired.",
    };
}
