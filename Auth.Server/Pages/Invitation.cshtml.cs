using Auth.Server.Administrators;
using Auth.Server.Limits;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages;

/// <summary>
/// The page to which an invitation's link leads. The script copies the code after the <c>#</c> into a form, or the
/// person pastes it. The person then sets a password, and signs in with it like everybody else.
/// </summary>
internal sealed class InvitationModel(Invitations invitations, PasswordThreads threads) : PortalPage
{
    /// <summary>The code, or the whole link that was pasted.</summary>
    [BindProperty]
    public string? Code { get; set; }

    [BindProperty]
    public string? New { get; set; }

    /// <summary>The invitation with the posted code; null if there was none.</summary>
    public Invitation? Invitation { get; private set; }

    [TempData]
    public string? Done { get; set; }

    private string? BareCode => Code?.Split('#')[^1].Trim();

    public async Task OnPost(CancellationToken cancellation) =>
        Invitation = await invitations.Find(BareCode, cancellation);

    public async Task<IActionResult> OnPostAccept(CancellationToken cancellation)
    {
        var visitor = Visitor.From(HttpContext);
        using var turn = await threads.Queue.Enter(visitor, cancellation);
        if (turn is null)
        {
            Refusal = Portal.Refuse(Response, FairQueue.TryAgainAfter, "");
            return Page();
        }

        await OnPost(cancellation);
        var site = Site.Of(Invitation!.AccountId);
        await invitations.Accept(BareCode, New ?? "", visitor, cancellation);
        Done = "Your password is set. Sign in with it.";
        return LocalRedirect(site.SignIn);
    }
}
