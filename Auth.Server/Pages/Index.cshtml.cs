using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>An overview of the administrator's account.</summary>
internal sealed class IndexModel(AccountRegister accounts, CredentialHistory history, TimeProvider time) : PageModel
{
    public Account Account { get; private set; } = null!;

    public CredentialSet? Current { get; private set; }

    public ExpiryWarning? Expiry { get; private set; }

    public async Task OnGet(CancellationToken cancellation)
    {
        var accountId = SignedIn.From(User).AccountId;
        Account = await accounts.Get(accountId, cancellation);
        Current = await history.FindActive(accountId, cancellation);
        Expiry = ExpiryWarning.For(Current, time.GetUtcNow().UtcDateTime);
    }
}
