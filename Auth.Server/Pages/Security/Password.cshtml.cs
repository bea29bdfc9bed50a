using Auth.Server.Administrators;
using Auth.Server.Audit;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages.Security;

/// <summary>A new password takes the old one, and ends the other sessions: somebody may have had it.</summary>
internal sealed class PasswordModel(
    SignIn signIn, Passwords passwords, Sessions sessions, AuditTrail audit, UserManager<Administrator> administrators)
    : PageModel
{
    [BindProperty]
    public string? Current { get; set; }

    [BindProperty]
    public string? New { get; set; }

    public string? Refusal { get; private set; }

    [TempData]
    public string? Done { get; set; }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var signedIn = SignedIn.From(User);
        var administrator = (await administrators.FindByIdAsync(signedIn.AdministratorId.ToString()))!;
        var (right, wait) = await signIn.Check(administrator, Current ?? "", Visitor.From(HttpContext), cancellation);
        if (!right)
        {
            Refusal = Portal.Refuse(Response, wait, "The current password is not right.");
            return Page();
        }

        try
        {
            await Change(signedIn, administrator, cancellation);
        }
        catch (ProblemException problem)
        {
            Response.StatusCode = problem.Status;
            Refusal = problem.Message;
            return Page();
        }

        Done = "Your password was changed, and your other sessions were ended.";
        return LocalRedirect("/security");
    }

    private async Task Change(SignedIn signedIn, Administrator administrator, CancellationToken cancellation)
    {
        const AuditAction action = AuditAction.ChangePassword;
        var hash = await audit.Prepare(
            action, signedIn.AccountId, signedIn.Email, () => passwords.Hash(signedIn.Email, New ?? ""));
        await audit.Record(
            action,
            signedIn.AccountId,
            async _ =>
            {
                await passwords.Set(administrator, hash);
                await sessions.Confirm(signedIn.SessionId, cancellation);
                await sessions.EndOthers(signedIn, cancellation);
            },
            cancellation);
    }
}
