using Auth.Server.Administrators;
using Auth.Server.Limits;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>
/// Where an invitation's link leads. The code behind its <c>#</c> is put into a form by the script, or pasted by hand;
/// whoever brings it sets a password, and signs in with it like everybody else.
/// </summary>
internal sealed class InvitationModel(Invitations invitations, PasswordThreads threads) : PageModel
{
    /// <summary>The code, or the whole link that was pasted.</summary>
    [BindProperty]
    public string? Code { get; set; }

    [BindProperty]
    public string? New { get; set; }

    /// <summary>The invitation that the code is of; null until one was brought.</summary>
    public Invitation? Invitation { get; private set; }

    public string? Refusal { get; private set; }

    [TempData]
    public string? Done { get; set; }

    private string? BareCode => Code?.Split('#')[^1].Trim();

    public Task OnPost(CancellationToken cancellation) => Try(
        async () => Invitation = await invitations.Find(BareCode, cancellation));

    public async Task<IActionResult> OnPostAccept(CancellationToken cancellation)
    {
        using var turn = await threads.Queue.Enter(Visitor.From(HttpContext), cancellation);
        if (turn is null)
        {
            Refusal = Portal.Refuse(Response, FairQueue.TryAgainAfter, "");
            return Page();
        }

        await OnPost(cancellation);
        if (Invitation is null || !await Try(() => invitations.Accept(BareCode, New ?? "", cancellation)))
            return Page();
        Done = "Your password is set. Sign in with it.";
        return LocalRedirect(PortalCookie.SignInPath);
    }

    private async Task<bool> Try(Func<Task> act)
    {
        try
        {
            await act();
            return true;
        }
        catch (ProblemException problem)
        {
            Response.StatusCode = problem.Status;
            Refusal = problem.Message;
            return false;
        }
    }
}
