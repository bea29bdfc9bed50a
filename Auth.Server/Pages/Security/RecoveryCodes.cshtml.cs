using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Security;

/// <summary>Replaces the recovery codes by new ones.</summary>
[RecentSignIn]
internal sealed class RecoveryCodesModel(SecondFactorRegister factors) : SecondFactorPage(factors)
{
    public SecondFactors Existing { get; private set; } = null!;

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        Existing = await Factors.Of(Administrator.AdministratorId, cancellation);
        return Existing.Any ? Page() : LocalRedirect(Site.Of(HttpContext).Security);
    }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        RecoveryCodes = await Factors.RenewCodes(Administrator, Actor, cancellation);
        return await OnGet(cancellation);
    }

    /// <summary>Leaves the page: the last second factor was removed in the meantime.</summary>
    public override Task<IActionResult> Refuse(ProblemException refusal, CancellationToken cancellation) =>
        Task.FromResult<IActionResult>(LocalRedirect(Site.Of(HttpContext).Security));
}
