using Auth.Server.Credentials;

namespace Auth.Server.Pages;

/// <summary>What becomes of a credential set that was just made: it takes over, is confirmed, and is used.</summary>
/// <param name="Set">The set.</param>
/// <param name="Before">The set that was active before it; null if there was none, or it has not taken over.</param>
internal sealed record CredentialNews(CredentialSet Set, CredentialSet? Before)
{
    /// <summary>
    /// The last call with the set before, which was refused, if none with this one came after it: whoever sent it has
    /// yet to be given the new secret.
    /// </summary>
    public Use? HoldsOld => Before?.LastRefusal is { } refusal
        && refusal.At >= Set.ActivatedAt && (Set.FirstUsedAt is null || refusal.At > Set.FirstUsedAt)
        ? refusal
        : null;

    /// <summary>Where the script asks again; null if there is nothing to wait for.</summary>
    public string? Address => Set.State != CredentialSetState.Ended
        && (Set.FirstUsedAt is null || Set.ConfirmedAt is null || HoldsOld is not null)
        ? $"{ScimCredentialsModel.Path}?handler={ScimCredentialsModel.NewsHandler}&set={Set.Id}"
        : null;

    public static async Task<CredentialNews> Of(
        CredentialSet set, CredentialHistory history, CancellationToken cancellation) =>
        new(set, set.Generation is null ? null : await history.FindBefore(set, cancellation));
}
