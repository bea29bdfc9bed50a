using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages.Security;

/// <summary>How the administrator signs in, and where they are signed in.</summary>
internal sealed class OverviewModel(Sessions sessions) : PageModel
{
    [TempData]
    public string? Done { get; set; }

    /// <summary>The administrator's own; the session of this request is among them.</summary>
    public IReadOnlyList<AdministratorSession> Sessions { get; private set; } = [];

    public bool IsThis(AdministratorSession session) => session.Id == SignedIn.From(User).SessionId;

    public async Task OnGet(CancellationToken cancellation) =>
        Sessions = await sessions.List(SignedIn.From(User).AdministratorId, cancellation);

    public async Task<IActionResult> OnPostEnd(Guid id, CancellationToken cancellation)
    {
        await sessions.End(SignedIn.From(User).AdministratorId, id, cancellation);
        return Again("The session was ended.");
    }

    public async Task<IActionResult> OnPostEndOthers(CancellationToken cancellation)
    {
        await sessions.EndOthers(SignedIn.From(User), cancellation);
        return Again("Your other sessions were ended.");
    }

    public async Task<IActionResult> OnPostEndAll(CancellationToken cancellation)
    {
        await sessions.EndAll(SignedIn.From(User).AdministratorId, cancellation);
        return Again("You were signed out everywhere.");
    }

    private LocalRedirectResult Again(string done)
    {
        Done = done;
        return LocalRedirect("/security");
    }
}
