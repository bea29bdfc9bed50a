using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Operations;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages.Security;

/// <summary>
/// Asks the signed-in administrator for the password or a passkey again, before an action that
/// <see cref="RecentSignInAttribute"/> protects.
/// </summary>
internal sealed class ConfirmModel(
    SignIn signIn, Sessions sessions, Passkeys passkeys, AuditTrail audit, Operation operation,
    UserManager<Administrator> administrators)
    : PageModel
{
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    /// <summary>Identifies the passkey request.</summary>
    [BindProperty]
    public string? Ticket { get; set; }

    /// <summary>A passkey's answer, as JSON.</summary>
    [BindProperty]
    public string? Answer { get; set; }

    public string? Refusal { get; private set; }

    /// <summary>Null if the administrator has no passkey.</summary>
    public PasskeyRequest? Passkey { get; private set; }

    public async Task OnGet()
    {
        var administrator = await Find();
        if ((await passkeys.List(administrator)).Count > 0)
            Passkey = await passkeys.Request(administrator, HttpContext);
    }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var (right, wait) = await signIn.Check(
            await Find(), Password ?? "", Visitor.From(HttpContext), cancellation);
        return right ? await Confirm(cancellation) : await Refuse(wait, "This is not your password.");
    }

    public async Task<IActionResult> OnPostPasskey(CancellationToken cancellation)
    {
        var whose = await passkeys.Check(Ticket, Answer, HttpContext, cancellation);
        if (whose?.Id == SignedIn.From(User).AdministratorId)
            return await Confirm(cancellation);
        await audit.Refused(
            SignedIn.From(User).ToActor(HttpContext), AuditAction.ConfirmIdentity, SignedIn.From(User).Account,
            "The passkey was not accepted.");
        return await Refuse(wait: null, "This passkey was not accepted. Try again, or enter your password.");
    }

    private async Task<LocalRedirectResult> Confirm(CancellationToken cancellation)
    {
        var signedIn = SignedIn.From(User);
        await operation.Run(
            signedIn.ToActor(HttpContext),
            AuditAction.ConfirmIdentity,
            signedIn.Account,
            _ => sessions.Confirm(signedIn.SessionId, cancellation),
            cancellation);
        return LocalRedirect(Portal.LocalOr(Url, ReturnUrl, Site.Of(HttpContext).Security));
    }

    private async Task<PageResult> Refuse(TimeSpan? wait, string wrong)
    {
        Refusal = Portal.Refuse(Response, wait, wrong);
        await OnGet();
        return Page();
    }

    private async Task<Administrator> Find() =>
        (await administrators.FindByIdAsync(SignedIn.From(User).AdministratorId.ToString()))!;
}
