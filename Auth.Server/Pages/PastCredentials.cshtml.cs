using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>All credential sets that the account has and had, the newest first, without their secrets.</summary>
internal sealed class PastCredentialsModel(CredentialHistory history, TimeProvider time) : PageModel
{
    public const string Path = "/scim-credentials/history";

    public IReadOnlyList<CredentialSet> Sets { get; private set; } = [];

    public async Task OnGet(CancellationToken cancellation) =>
        Sets = await history.List(SignedIn.From(User).AccountId, cancellation);

    /// <summary>
    /// The state in a word. A set that has run out counts as ended, whether or not that is written down yet.
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
