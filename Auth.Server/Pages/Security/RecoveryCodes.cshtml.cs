using Auth.Server.Administrators;
using Auth.Server.Audit;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Security;

/// <summary>Makes new recovery codes in the place of the old ones.</summary>
[RecentSignIn]
internal sealed class RecoveryCodesModel(SecondFactorRegister factors, RecoveryCodes codes, AuditTrail audit)
    : SecondFactorPage(factors)
{
    public SecondFactors Have { get; private set; } = null!;

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        Have = await Factors.Of(Administrator.AdministratorId, cancellation);
        return Have.Any ? Page() : LocalRedirect(OverviewModel.Path);
    }

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var answer = await OnGet(cancellation);
        if (Have.Any)
        {
            RecoveryCodes = await audit.Record(
                AuditAction.RenewRecoveryCodes,
                Administrator.AccountId,
                _ => codes.Renew(Administrator.AdministratorId, cancellation),
                cancellation);
        }

        return answer;
    }
}
