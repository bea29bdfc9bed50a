using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Security;

/// <summary>Makes new recovery codes in the place of the old ones.</summary>
[RecentSignIn]
internal sealed class RecoveryCodesModel(SecondFactorRegister factors) : SecondFactorPage(factors)
{
    public SecondFactors Have { get; private set; } = null!;

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        Have = await Factors.Of(Administrator.AdministratorId, cancellation);
        return Have.Any ? Page() : LocalRedirect(OverviewModel.Path);
    }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        RecoveryCodes = await Factors.RenewCodes(Administrator, Actor, cancellation);
        return await OnGet(cancellation);
    }

    /// <summary>The last second factor has been removed in the meantime: there is nothing to show here.</summary>
    public override Task<IActionResult> Refuse(ProblemException refusal, CancellationToken cancellation) =>
        Task.FromResult<IActionResult>(LocalRedirect(OverviewModel.Path));
}
