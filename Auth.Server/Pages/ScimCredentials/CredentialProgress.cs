using Auth.Server.Credentials;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>
/// How far the newest credentials are: generated, seen in use, and the old ones no longer used. The block that shows it
/// replaces itself every few seconds while something is about to change.
/// </summary>
/// <param name="Status">The state of the account's sets.</param>
/// <param name="LiveAddress">
/// The address of the page with a handler that returns this block; null if what surrounds the block replaces it.
/// </param>
/// <param name="Provider">The identity provider, in sentences: <c>Okta</c>.</param>
/// <param name="CanActivate">Whether the block has the button that activates a staged set.</param>
internal sealed record CredentialProgress(
    CredentialStatus Status, string? LiveAddress, string Provider = "your identity provider", bool CanActivate = true)
{
    public CredentialSet New => Status.New!;

    /// <summary><see cref="Provider"/> at the beginning of a sentence.</summary>
    public string ProviderFirst => Portal.Capitalize(Provider);

    /// <summary>The address to poll; null if nothing is about to change.</summary>
    public string? Poll => Status.IsWaiting && LiveAddress is not null
        ? LiveAddress + (LiveAddress.Contains('?', StringComparison.Ordinal) ? "&" : "?")
            + $"handler={Portal.LiveHandler}&seen={Status.Version}"
        : null;

    /// <summary>One sentence that says how it stands.</summary>
    public string Headline => New switch
    {
        { State: CredentialSetState.Staged, Activation: Activation.Manual } =>
            "The new credentials wait until you activate them.",
        { State: CredentialSetState.Staged } =>
            $"Waiting for {Provider}: its first call activates the new credentials.",
        { ConfirmedAt: null } => "The new credentials are about to take effect.",
        { FirstUsedAt: null } when Status.UseOfOld is not null =>
            $"{ProviderFirst} still uses the old {SecretOf(Status.Old!)}.",
        { FirstUsedAt: null } => $"Waiting for {Provider}…",
        _ when Status.IsOldStillUsed => $"Somebody still uses the old {SecretOf(Status.Old!)}.",
        _ when Status.Old is null => $"Connected: {Provider} uses these credentials.",
        _ => $"Done: {Provider} uses the new credentials, and nobody the old ones.",
    };

    /// <summary>The tone of <see cref="Headline"/>.</summary>
    public string Tone => this switch
    {
        { New: { FirstUsedAt: not null, State: CredentialSetState.Active }, Status.IsOldStillUsed: false } => "good",
        { Status.UseOfOld: not null } => "warning",
        _ => "",
    };

    public static string SecretOf(CredentialSet set) => set.ClientId is null ? "token" : "secret";
}
