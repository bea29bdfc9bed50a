using Auth.Server.Credentials;

namespace Auth.Server.Pages;

/// <summary>The progress of a new credential set: it becomes active, is confirmed, and is used.</summary>
/// <param name="Set">The set.</param>
/// <param name="Before">
/// The set that was active before it; null if there was none, or this set is not active yet.
/// </param>
internal sealed record CredentialNews(CredentialSet Set, CredentialSet? Before)
{
    /// <summary>
    /// The last refused request with the previous set, unless a request with this set came after it: its sender still
    /// needs the new secret.
    /// </summary>
    public Use? UseOfOld => Before?.LastRefusal is { } refusal
        && refusal.At >= Set.ActivatedAt && (Set.FirstUsedAt is null || refusal.At > Set.FirstUsedAt)
        ? refusal
        : null;

    /// <summary>The address that the script polls; null if there is nothing to wait for.</summary>
    public string? Address => Set.State != CredentialSetState.Ended
        && (Set.FirstUsedAt is null || Set.ConfirmedAt is null || UseOfOld is not null)
        ? $"{ScimCredentialsModel.Path}?handler={ScimCredentialsModel.NewsHandler}&set={Set.Id}"
        : null;

    public static async Task<CredentialNews> Of(
        CredentialSet set, CredentialHistory history, CancellationToken cancellation) =>
        new(set, set.Generation is null ? null : await history.FindBefore(set, cancellation));
}
