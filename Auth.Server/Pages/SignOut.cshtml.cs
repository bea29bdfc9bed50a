using Auth.Server.Administrators;
using Auth.Server.Pages.Operators;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>
/// Signs out, or closes an account that an operator looks at: ends the session, and deletes the cookie.
/// </summary>
internal sealed class SignOutModel(Sessions sessions) : PageModel
{
    public IActionResult OnGet() => LocalRedirect(Site.Of(HttpContext).Home);

    public async Task<IActionResult> OnPost(string? returnUrl, CancellationToken cancellation)
    {
        var administrator = SignedIn.From(User);
        await sessions.End(administrator, administrator.SessionId, administrator.ToActor(HttpContext), cancellation);
        var site = Site.Of(HttpContext);
        await HttpContext.SignOutAsync(site.Scheme);
        if (administrator is { IsOperator: true, Account: { } viewed })
            return LocalRedirect(AccountModel.AddressOf(viewed));
        return LocalRedirect(Url.IsLocalUrl(returnUrl)
            ? $"{site.SignIn}?returnUrl={Uri.EscapeDataString(returnUrl)}"
            : site.SignIn);
    }
}
