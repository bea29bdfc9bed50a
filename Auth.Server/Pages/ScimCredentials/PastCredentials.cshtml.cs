using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages.ScimCredentials;

/// <summary>What happened to all current and past credential sets of the account, newest first.</summary>
internal sealed class PastCredentialsModel(CredentialHistory history) : PageModel
{
    public const string Path = "/scim-credentials/history";

    public IReadOnlyList<TimelineEntry> Timeline { get; private set; } = [];

    public async Task OnGet(CancellationToken cancellation) =>
        Timeline = [.. TimelineEntry.Of(await history.List(SignedIn.From(User).AccountId, cancellation))];
}
