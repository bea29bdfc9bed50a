using Auth.Server.Administrators;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>The way in. It leads back to the page that was asked for, and never to another site.</summary>
internal sealed class SignInModel(SignIn signIn, DeviceCookie deviceCookie) : PageModel
{
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    [BindProperty]
    public string? Email { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    public string? Refusal { get; private set; }

    /// <summary>What was done on the page before this one.</summary>
    [TempData]
    public string? Done { get; set; }

    public IActionResult OnGet() => User.Identity?.IsAuthenticated == true ? GoOn() : Page();

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var outcome = await signIn.Try(Email ?? "", Password ?? "", Visitor.From(HttpContext), cancellation);
        if (outcome.Session is { } session)
            return await Enter(session);

        // One sentence for an unknown address and a wrong password: a stranger learns nothing.
        Refusal = Portal.Refuse(
            Response, outcome.Wait, "E-mail address and password do not belong together. Check both and try again.");
        return Page();
    }

    private async Task<IActionResult> Enter(AdministratorSession session)
    {
        deviceCookie.Write(HttpContext, session.AdministratorId);
        await HttpContext.SignInAsync(
            CookieAuthenticationDefaults.AuthenticationScheme, SignedIn.From(session).ToPrincipal());
        return GoOn();
    }

    private LocalRedirectResult GoOn() => LocalRedirect(Portal.LocalOr(Url, ReturnUrl, "/"));
}
