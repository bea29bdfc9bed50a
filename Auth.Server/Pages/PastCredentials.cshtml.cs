using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>All current and past credential sets of the account, newest first, without their secrets.</summary>
internal sealed class PastCredentialsModel(CredentialHistory history, TimeProvider time) : PageModel
{
    public const string Path = "/scim-credentials/history";

    public IReadOnlyList<CredentialSet> Sets { get; private set; } = [];

    public async Task OnGet(CancellationToken cancellation) =>
        Sets = await history.List(SignedIn.From(User).AccountId, cancellation);

    /// <summary>
    /// The state, for people. A set that has expired counts as ended, even if that is not stored yet.
    /// </summary>
    public string StateOf(CredentialSet set) => set.IsUsable(time.GetUtcNow().UtcDateTime)
        ? $"{set.State}"
        : set.EndReason switch
        {
            CredentialSetEnd.Superseded => "Replaced",
            CredentialSetEnd.Revoked => "Revoked",
            CredentialSetEnd.KeyWithdrawn => "Key withdrawn",
            _ => set.ActivatedAt is null ? "Never activated" : "Expired",
        };
}
