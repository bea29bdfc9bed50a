using Auth.Server.Administrators;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Lists the administrators of the account, and invites others. Only the response to the form shows the link.
/// </summary>
[RecentSignIn]
internal sealed class AdministratorsModel(AdministratorRegister register, Invitations invitations) : PortalPage
{
    public const string Path = "/settings/administrators";

    [BindProperty]
    public string? Email { get; set; }

    /// <summary>Whether the colleague becomes a read-only administrator.</summary>
    [BindProperty]
    public bool ReadOnly { get; set; }

    [TempData]
    public string? Done { get; set; }

    public IReadOnlyList<ListedAdministrator> Administrators { get; private set; } = [];

    public IReadOnlyList<Invitation> Invited { get; private set; } = [];

    public IssuedInvitation? Issued { get; private set; }

    public static string SecondFactorOf(ListedAdministrator listed) => (listed.Passkeys > 0, listed.HasApp) switch
    {
        (true, true) => "Passkey and authenticator app",
        (true, false) => "Passkey",
        (false, true) => "Authenticator app",
        _ => "None",
    };

    public bool IsSelf(ListedAdministrator listed) => listed.Administrator.Id == Administrator.AdministratorId;

    public Task OnGet(CancellationToken cancellation) => Load(cancellation);

    public async Task<IActionResult> OnPostInvite(CancellationToken cancellation)
    {
        Issued = await invitations.Invite(Administrator, Email ?? "", ReadOnly, Actor, cancellation);
        await Load(cancellation);
        return Page();
    }

    public async Task<IActionResult> OnPostWithdraw(Guid id, CancellationToken cancellation)
    {
        await invitations.Withdraw(Administrator.AccountId, id, Actor, cancellation);
        Done = "The invitation was withdrawn. Its link no longer works.";
        return LocalRedirect(Path);
    }

    protected override async Task Load(CancellationToken cancellation)
    {
        Administrators = await register.List(Administrator.AccountId, cancellation);
        Invited = await register.Invited(Administrator.AccountId, cancellation);
    }
}
