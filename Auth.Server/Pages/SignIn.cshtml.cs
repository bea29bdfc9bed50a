using Auth.Server.Administrators;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>
/// The way in: a password and then, for those who have one, a second factor; or a passkey alone. Whoever administers
/// several accounts with one address and one password chooses between them. It leads back to the page that was asked
/// for, and never to another site.
/// </summary>
internal sealed class SignInModel(
    SignIn signIn, Sessions sessions, SecondFactorRegister factors, Passkeys passkeys,
    DeviceCookie deviceCookie) : PageModel
{
    private const string TookTooLong = "That took too long. Enter your password again.";

    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    [BindProperty]
    public string? Email { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    /// <summary>Of the second step, that the first was taken; or with a passkey's answer, what was asked.</summary>
    [BindProperty]
    public string? Ticket { get; set; }

    [BindProperty]
    public string? Code { get; set; }

    /// <summary>A passkey's answer, as JSON.</summary>
    [BindProperty]
    public string? Answer { get; set; }

    /// <summary>The account chosen, by its administrator's id.</summary>
    [BindProperty]
    public Guid? Administrator { get; set; }

    public string? Refusal { get; private set; }

    /// <summary>The accounts to choose from; null if there is no choice.</summary>
    public AccountChoice? Choice { get; private set; }

    /// <summary>What was done on the page before this one.</summary>
    [TempData]
    public string? Done { get; set; }

    /// <summary>What the administrator between the steps may show; null at the first step.</summary>
    public SecondFactors? SecondStep { get; private set; }

    /// <summary>What the browser may be asked for; null if nobody has one here.</summary>
    public PasskeyRequest? Passkey { get; private set; }

    public async Task<IActionResult> OnGet()
    {
        if (User.Identity?.IsAuthenticated == true)
            return GoOn();
        return await FirstStep();
    }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var outcome = await signIn.Try(Email ?? "", Password ?? "", Visitor.From(HttpContext), cancellation);
        if (await GoOn(outcome, cancellation) is { } next)
            return next;

        // One sentence for an unknown address and a wrong password: a stranger learns nothing.
        Refusal = Portal.Refuse(
            Response, outcome.Wait, "E-mail address and password do not belong together. Check both and try again.");
        return await FirstStep();
    }

    public async Task<IActionResult> OnPostAccount(CancellationToken cancellation)
    {
        var visitor = Visitor.From(HttpContext);
        if (await signIn.Choose(Ticket, Administrator ?? Guid.Empty, visitor, cancellation) is { } outcome
            && await GoOn(outcome, cancellation) is { } next)
        {
            return next;
        }

        Refusal = Portal.Refuse(Response, wait: null, TookTooLong);
        return await FirstStep();
    }

    public async Task<IActionResult> OnPostCode(CancellationToken cancellation)
    {
        if (await signIn.FindBetweenSteps(Ticket) is not { } administrator)
        {
            Refusal = Portal.Refuse(Response, wait: null, TookTooLong);
            return await FirstStep();
        }

        var outcome = await signIn.TryCode(administrator, Code ?? "", Visitor.From(HttpContext), cancellation);
        if (outcome.Session is { } session)
            return await Enter(session);
        Refusal = Portal.Refuse(
            Response, outcome.Wait, "This code is not right, or was used before. Wait for the next one and try again.");
        return await SecondStepOf(administrator, Ticket!, cancellation);
    }

    public async Task<IActionResult> OnPostPasskey(CancellationToken cancellation)
    {
        if (await passkeys.Check(Ticket, Answer, HttpContext, cancellation) is { } administrator
            && await sessions.Begin(administrator, Visitor.From(HttpContext), cancellation) is { } session)
            return await Enter(session);
        Refusal = Portal.Refuse(
            Response, wait: null,
            "This passkey was not accepted. It may have been removed, or this page was open for too long. Try again, "
            + "or sign in with your password.");
        return await FirstStep();
    }

    /// <summary>What follows a right password; null if it was wrong.</summary>
    private async Task<IActionResult?> GoOn(SignInOutcome outcome, CancellationToken cancellation)
    {
        if (outcome.Session is { } session)
            return await Enter(session);
        if (outcome.Ticket is { } ticket)
            return await SecondStepOf((await signIn.FindBetweenSteps(ticket))!, ticket, cancellation);
        Choice = outcome.Choice;
        return Choice is null ? null : Page();
    }

    private async Task<PageResult> FirstStep()
    {
        Passkey = await passkeys.Request(administrator: null, HttpContext);
        return Page();
    }

    private async Task<PageResult> SecondStepOf(
        Administrator administrator, string ticket, CancellationToken cancellation)
    {
        SecondStep = await factors.Of(administrator.Id, cancellation);
        Ticket = ticket;
        Passkey = SecondStep.Passkeys > 0 ? await passkeys.Request(administrator, HttpContext) : null;
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
