using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>
/// A page with a block that shows the state of the credentials, and replaces itself when that changes.
/// </summary>
internal abstract class CredentialPage(CredentialHistory history, AuthDbContext db) : PortalPage
{
    public CredentialStatus Status { get; private set; } = null!;

    /// <summary>The block, for the script; nothing if it has not changed.</summary>
    public async Task<IActionResult> OnGetLive(string? seen, CancellationToken cancellation)
    {
        await Load(cancellation);
        return seen == Status.Version ? new NoContentResult() : Live();
    }

    /// <summary>The block that replaces itself.</summary>
    protected abstract IActionResult Live();

    protected override async Task Load(CancellationToken cancellation) =>
        Status = await CredentialStatus.Of(Administrator.AccountId, history, db, cancellation);
}
