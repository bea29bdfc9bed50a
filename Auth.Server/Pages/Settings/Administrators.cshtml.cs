using Auth.Server.Administrators;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Who administers the account, and inviting a colleague. The answer to the form shows the link, and nothing else.
/// </summary>
[RecentSignIn]
internal sealed class AdministratorsModel(AdministratorRegister register, Invitations invitations) : PageModel
{
    public const string Path = "/settings/administrators";

    [BindProperty]
    public string? Email { get; set; }

    [TempData]
    public string? Done { get; set; }

    public IReadOnlyList<ListedAdministrator> Administrators { get; private set; } = [];

    public IReadOnlyList<Invitation> Invited { get; private set; } = [];

    public IssuedInvitation? Issued { get; private set; }

    public string? Refusal { get; private set; }

    public static string SecondFactorOf(ListedAdministrator listed) => (listed.Passkeys > 0, listed.HasApp) switch
    {
        (true, true) => "Passkey and authenticator app",
        (true, false) => "Passkey",
        (false, true) => "Authenticator app",
        _ => "None",
    };

    public async Task OnGet(CancellationToken cancellation)
    {
        var accountId = SignedIn.From(User).AccountId;
        Administrators = await register.List(accountId, cancellation);
        Invited = await register.Invited(accountId, cancellation);
    }

    public async Task<IActionResult> OnPostInvite(CancellationToken cancellation)
    {
        var administrator = SignedIn.From(User);
        await Try(async () => Issued = await invitations.Invite(
            administrator.AccountId, Email ?? "", administrator.Email, cancellation));
        await OnGet(cancellation);
        return Page();
    }

    public async Task<IActionResult> OnPostWithdraw(Guid id, CancellationToken cancellation)
    {
        await Try(() => invitations.Withdraw(SignedIn.From(User).AccountId, id, cancellation));
        if (Refusal is null)
        {
            Done = "The invitation was withdrawn. Its link is worth nothing now.";
            return LocalRedirect(Path);
        }

        await OnGet(cancellation);
        return Page();
    }

    private async Task Try(Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (ProblemException problem)
        {
            Response.StatusCode = problem.Status;
            Refusal = problem.Message;
        }
    }
}
