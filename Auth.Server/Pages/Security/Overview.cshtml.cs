using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Operations;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages.Security;

/// <summary>The second factors, password and sessions of an administrator or operator.</summary>
internal sealed class OverviewModel(Sessions sessions, SecondFactorRegister factors, Operation operation) : PageModel
{
    /// <summary>The page that was requested, if a second factor must be set up first.</summary>
    [FromQuery(Name = "returnUrl")]
    public string? ReturnUrl { get; set; }

    [TempData]
    public string? Done { get; set; }

    /// <summary>The administrator's live sessions, including that of this request.</summary>
    public IReadOnlyList<AdministratorSession> Sessions { get; private set; } = [];

    public SecondFactors Factors { get; private set; } = null!;

    /// <summary>Whether a second factor is required.</summary>
    public bool IsRequired { get; private set; }

    public bool IsThis(AdministratorSession session) => session.Id == SignedIn.From(User).SessionId;

    /// <summary>The address of another security page, with the address to return to.</summary>
    public string AddressOf(string page) => ReturnUrl is null
        ? $"{Site.Of(HttpContext).Security}/{page}"
        : $"{Site.Of(HttpContext).Security}/{page}{QueryString.Create("returnUrl", ReturnUrl)}";

    public async Task OnGet(CancellationToken cancellation)
    {
        var administrator = SignedIn.From(User);
        Sessions = await sessions.List(administrator.AdministratorId, cancellation);
        Factors = await factors.Of(administrator.AdministratorId, cancellation);
        IsRequired = await factors.IsRequired(administrator, cancellation);
    }

    public async Task<IActionResult> OnPostEnd(Guid id, CancellationToken cancellation)
    {
        var signedIn = SignedIn.From(User);
        await sessions.End(signedIn, id, signedIn.ToActor(HttpContext), cancellation);
        return ShowDone("The session was ended.");
    }

    public async Task<IActionResult> OnPostEndOthers(CancellationToken cancellation)
    {
        var signedIn = SignedIn.From(User);
        await operation.Run(
            signedIn.ToActor(HttpContext),
            AuditAction.EndSessions,
            signedIn.Account,
            work => sessions.EndOthers(work, signedIn, cancellation),
            cancellation);
        return ShowDone("Your other sessions were ended.");
    }

    public async Task<IActionResult> OnPostEndAll(CancellationToken cancellation)
    {
        var signedIn = SignedIn.From(User);
        await operation.Run(
            signedIn.ToActor(HttpContext),
            AuditAction.EndSessions,
            signedIn.Account,
            work => sessions.EndAll(work, signedIn.AdministratorId, cancellation),
            cancellation);
        return ShowDone("You were signed out everywhere.");
    }

    private LocalRedirectResult ShowDone(string done)
    {
        Done = done;
        return LocalRedirect(Site.Of(HttpContext).Security);
    }
}
