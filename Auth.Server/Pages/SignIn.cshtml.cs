using System.Text;
using Auth.Server.Administrators;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>The way in. It leads back to the page that was asked for, and never to another site.</summary>
internal sealed class SignInModel(SignIn signIn) : PageModel
{
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    [BindProperty]
    public string? Email { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    public string? Refusal { get; private set; }

    public IActionResult OnGet() => User.Identity?.IsAuthenticated == true ? GoOn() : Page();

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var outcome = await signIn.Try(Email ?? "", Password ?? "", cancellation);
        if (outcome.Session is { } session)
        {
            await HttpContext.SignInAsync(
                CookieAuthenticationDefaults.AuthenticationScheme, SignedIn.From(session).ToPrincipal());
            return GoOn();
        }

        if (outcome.Wait is { } wait)
            return HoldOff((int)Math.Ceiling(wait.TotalSeconds));
        // One sentence for an unknown address and a wrong password: a stranger learns nothing.
        Refusal = "E-mail address and password do not belong together. Check both and try again.";
        Response.StatusCode = StatusCodes.Status400BadRequest;
        return Page();
    }

    private PageResult HoldOff(int seconds)
    {
        var wait = seconds == 1 ? "1 second" : $"{seconds} seconds";
        Refusal = $"Too many attempts with this e-mail address. Try again in {wait}.";
        Response.StatusCode = StatusCodes.Status429TooManyRequests;
        Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Page();
    }

    // An address that a browser was at is in ASCII; another cannot stand in a header.
    private LocalRedirectResult GoOn() =>
        LocalRedirect(Url.IsLocalUrl(ReturnUrl) && Ascii.IsValid(ReturnUrl) ? ReturnUrl : "/");
}
