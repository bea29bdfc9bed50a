using Auth.Server.Credentials;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>Asks for confirmation before the active or the staged credential set is revoked.</summary>
[RecentSignIn(OnlyForms = true)]
internal sealed class RevokeCredentialsModel(CredentialSets sets, CredentialHistory history)
    : PortalPage, IReturnTo
{
    public const string Path = "/scim-credentials/revoke";

    [BindProperty(Name = "set", SupportsGet = true)]
    public Guid SetId { get; set; }

    [TempData]
    public string? Done { get; set; }

    /// <summary>The set, while it can be revoked.</summary>
    public CredentialSet? Set { get; private set; }

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        var accountId = Administrator.AccountId;
        CredentialSet?[] current =
            [await history.FindActive(accountId, cancellation), await history.FindStaged(accountId, cancellation)];
        Set = current.FirstOrDefault(set => set?.Id == SetId);
        return Set is null ? LocalRedirect(ScimCredentialsModel.Path) : Page();
    }

    public string ReturnTo() => $"{Path}?set={SetId}";

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        await sets.Revoke(Administrator.AccountId, SetId, Actor, once: null, cancellation);
        Done = "The credentials were revoked. They no longer work anywhere.";
        return LocalRedirect(ScimCredentialsModel.Path);
    }
}
