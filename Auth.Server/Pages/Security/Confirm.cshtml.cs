using Auth.Server.Administrators;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages.Security;

/// <summary>Asks who is signed in to prove it once more, before something that <see cref="RecentSignInAttribute"/> guards.</summary>
internal sealed class ConfirmModel(SignIn signIn, Sessions sessions, UserManager<Administrator> administrators) : PageModel
{
    public const string Path = "/security/confirm";

    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    public string? Refusal { get; private set; }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var signedIn = SignedIn.From(User);
        var administrator = (await administrators.FindByIdAsync(signedIn.AdministratorId.ToString()))!;
        var (right, wait) = await signIn.Check(administrator, Password ?? "", Visitor.From(HttpContext), cancellation);
        if (right)
        {
            await sessions.Confirm(signedIn.SessionId, cancellation);
            return LocalRedirect(Portal.LocalOr(Url, ReturnUrl, "/security"));
        }

        Refusal = Portal.Refuse(Response, wait, "This is not your password.");
        return Page();
    }
}
