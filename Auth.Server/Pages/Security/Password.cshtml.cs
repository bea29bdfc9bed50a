using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Operations;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Security;

/// <summary>Changes the password, which requires the old one, and ends all other sessions.</summary>
internal sealed class PasswordModel(
    SignIn signIn, Passwords passwords, Sessions sessions, Operation operation,
    UserManager<Administrator> administrators)
    : PortalPage
{
    [BindProperty]
    public string? Current { get; set; }

    [BindProperty]
    public string? New { get; set; }

    [TempData]
    public string? Done { get; set; }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var signedIn = Administrator;
        var administrator = (await administrators.FindByIdAsync(signedIn.AdministratorId.ToString()))!;
        var (right, wait) = await signIn.Check(administrator, Current ?? "", Visitor.From(HttpContext), cancellation);
        if (!right)
        {
            Refusal = Portal.Refuse(Response, wait, "The current password is wrong.");
            return Page();
        }

        await Change(signedIn, administrator, cancellation);
        Done = "Your password was changed, and your other sessions were ended.";
        return LocalRedirect(Site.Of(HttpContext).Security);
    }

    private async Task Change(SignedIn signedIn, Administrator administrator, CancellationToken cancellation)
    {
        const AuditAction action = AuditAction.ChangePassword;
        var hash = await operation.Prepare(
            Actor, action, signedIn.Account, signedIn.Email, () => passwords.Hash(signedIn.Email, New ?? ""));
        await operation.Run(
            Actor,
            action,
            signedIn.Account,
            async work =>
            {
                await passwords.Set(administrator, hash);
                await sessions.Confirm(signedIn.SessionId, cancellation);
                await sessions.EndOthers(work, signedIn, cancellation);
            },
            cancellation);
    }
}
