using Auth.Server.Administrators;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Settings;

/// <summary>Changes the role of another administrator of the account, and removes this administrator.</summary>
[RecentSignIn]
internal sealed class ColleagueModel(AdministratorRegister register, Memberships memberships) : PortalPage
{
    [FromRoute]
    public Guid Id { get; set; }

    [TempData]
    public string? Done { get; set; }

    /// <summary>Null if there is no such administrator, or no longer.</summary>
    public ListedAdministrator? Colleague { get; private set; }

    public bool IsSelf => Id == Administrator.AdministratorId;

    public static string AddressOf(Guid id) => $"{AdministratorsModel.Path}/{id}";

    public async Task OnGet(CancellationToken cancellation)
    {
        await Load(cancellation);
        if (Colleague is null)
            Response.StatusCode = StatusCodes.Status404NotFound;
    }

    public async Task<IActionResult> OnPostChangeRole(bool readOnly, CancellationToken cancellation)
    {
        var email = await memberships.ChangeRole(Administrator, Id, readOnly, Actor, cancellation);
        Done = readOnly
            ? $"{email} can now look at everything, but change nothing."
            : $"{email} can now change everything.";
        return LocalRedirect(AdministratorsModel.Path);
    }

    public async Task<IActionResult> OnPostRemove(CancellationToken cancellation)
    {
        Done = $"{await memberships.Remove(Administrator, Id, Actor, cancellation)} was removed, and is signed out.";
        return LocalRedirect(AdministratorsModel.Path);
    }

    protected override async Task Load(CancellationToken cancellation) =>
        Colleague = (await register.List(Administrator.AccountId, cancellation))
            .Find(listed => listed.Administrator.Id == Id);
}
