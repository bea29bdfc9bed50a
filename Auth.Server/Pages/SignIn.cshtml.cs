using Auth.Server.Administrators;
using Auth.Server.Messages;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>
/// Signs in an administrator or, at the console, an operator: with a password and then, if they have one, a second
/// factor; or with a passkey alone. A person who administers several accounts with the same address and password
/// chooses one. Afterwards the browser returns to the page that was requested, never to another host.
/// </summary>
internal sealed class SignInModel(
    SignIn signIn,
    Sessions sessions,
    SecondFactorRegister factors,
    Passkeys passkeys,
    DeviceCookie deviceCookie,
    Outbox outbox)
    : PageModel
{
    public const string EndedMessage =
        "Nothing was changed: you are no longer signed in. Sign in, and send the form again.";

    private const string TookTooLong = "That took too long. Enter your password again.";

    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    [BindProperty]
    public string? Email { get; set; }

    [BindProperty]
    public string? Password { get; set; }

    /// <summary>Proves the first step in the second one; with a passkey's answer, identifies the request.</summary>
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

    /// <summary>Whether the administrator sent a form after the session had ended.</summary>
    [FromQuery(Name = PortalCookie.EndedParameter)]
    public bool HasEnded { get; set; }

    /// <summary>Whether a forgotten password can be replaced by e-mail.</summary>
    public bool SendsMail => outbox.SendsMail;

    public string? Refusal { get; private set; }

    /// <summary>The accounts to choose from; null if there is no choice.</summary>
    public AccountChoice? Choice { get; private set; }

    /// <summary>What was just done on another page, as a sentence.</summary>
    [TempData]
    public string? Done { get; set; }

    /// <summary>The second factors that the administrator can use; null in the first step.</summary>
    public SecondFactors? SecondStep { get; private set; }

    /// <summary>The passkey request for the browser; null if the administrator has no passkey.</summary>
    public PasskeyRequest? Passkey { get; private set; }

    public async Task<IActionResult> OnGet()
    {
        if (User.Identity?.IsAuthenticated == true)
            return Return();
        return await FirstStep();
    }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var outcome = await signIn.Try(Email ?? "", Password ?? "", Visitor.From(HttpContext), cancellation);
        if (await Continue(outcome, cancellation) is { } next)
            return next;

        // The same sentence for an unknown address and a wrong password, so that it reveals nothing.
        Refusal = Portal.Refuse(
            Response, outcome.Wait, "The e-mail address or the password is wrong. Check both and try again.");
        return await FirstStep();
    }

    public async Task<IActionResult> OnPostAccount(CancellationToken cancellation)
    {
        var visitor = Visitor.From(HttpContext);
        if (await signIn.Choose(Ticket, Administrator ?? Guid.Empty, visitor, cancellation) is { } outcome
            && await Continue(outcome, cancellation) is { } next)
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
            return await StartSession(session);
        Refusal = Portal.Refuse(
            Response, outcome.Wait, "This code is wrong, or it was used before. Wait for the next one and try again.");
        return await SecondStepOf(administrator, Ticket!, cancellation);
    }

    public async Task<IActionResult> OnPostPasskey(CancellationToken cancellation)
    {
        if (await passkeys.Check(Ticket, Answer, HttpContext, cancellation) is { } administrator
            && await sessions.Begin(administrator, Visitor.From(HttpContext), cancellation) is { } session)
        {
            return await StartSession(session);
        }

        Refusal = Portal.Refuse(
            Response, wait: null,
            "This passkey was not accepted. It may have been removed, or this page may have been open for too long. "
            + "Try again, or sign in with your password.");
        return await FirstStep();
    }

    /// <summary>The response to a correct password; null if it was wrong.</summary>
    private async Task<IActionResult?> Continue(SignInOutcome outcome, CancellationToken cancellation)
    {
        if (outcome.Session is { } session)
            return await StartSession(session);
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

    private async Task<IActionResult> StartSession(AdministratorSession session)
    {
        deviceCookie.Write(HttpContext, session.AdministratorId);
        await HttpContext.SignInAsync(
            Site.Of(HttpContext).Scheme, SignedIn.From(session).ToPrincipal());
        return Return();
    }

    private LocalRedirectResult Return() => LocalRedirect(Portal.LocalOr(Url, ReturnUrl, Site.Of(HttpContext).Home));
}
