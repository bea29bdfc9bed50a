using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Operations;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages.Security;

/// <summary>How the administrator signs in, and where they are signed in.</summary>
internal sealed class OverviewModel(Sessions sessions, SecondFactorRegister factors, Operation operation) : PageModel
{
    public const string Path = "/security";

    /// <summary>Where an administrator was going who must set up a second factor first.</summary>
    [FromQuery(Name = "returnUrl")]
    public string? ReturnUrl { get; set; }

    [TempData]
    public string? Done { get; set; }

    /// <summary>The administrator's own; the session of this request is among them.</summary>
    public IReadOnlyList<AdministratorSession> Sessions { get; private set; } = [];

    public SecondFactors Factors { get; private set; } = null!;

    /// <summary>Whether the account insists on a second factor.</summary>
    public bool IsRequired { get; private set; }

    public bool IsThis(AdministratorSession session) => session.Id == SignedIn.From(User).SessionId;

    /// <summary>Another page of this folder, with the way back.</summary>
    public string AddressOf(string page) => ReturnUrl is null
        ? $"{Path}/{page}"
        : $"{Path}/{page}{QueryString.Create("returnUrl", ReturnUrl)}";

    public async Task OnGet(CancellationToken cancellation)
    {
        var administrator = SignedIn.From(User);
        Sessions = await sessions.List(administrator.AdministratorId, cancellation);
        Factors = await factors.Of(administrator.AdministratorId, cancellation);
        IsRequired = await factors.IsRequired(administrator.AccountId, cancellation);
    }

    public async Task<IActionResult> OnPostEnd(Guid id, CancellationToken cancellation)
    {
        var signedIn = SignedIn.From(User);
        await sessions.End(signedIn, id, signedIn.ToActor(HttpContext), cancellation);
        return Again("The session was ended.");
    }

    public async Task<IActionResult> OnPostEndOthers(CancellationToken cancellation)
    {
        var signedIn = SignedIn.From(User);
        await operation.Run(
            signedIn.ToActor(HttpContext),
            AuditAction.EndSessions,
            signedIn.AccountId,
            work => sessions.EndOthers(work, signedIn, cancellation),
            cancellation);
        return Again("Your other sessions were ended.");
    }

    public async Task<IActionResult> OnPostEndAll(CancellationToken cancellation)
    {
        var signedIn = SignedIn.From(User);
        await operation.Run(
            signedIn.ToActor(HttpContext),
            AuditAction.EndSessions,
            signedIn.AccountId,
            work => sessions.EndAll(work, signedIn.AdministratorId, cancellation),
            cancellation);
        return Again("You were signed out everywhere.");
    }

    private LocalRedirectResult Again(string done)
    {
        Done = done;
        return LocalRedirect(Path);
    }
}
