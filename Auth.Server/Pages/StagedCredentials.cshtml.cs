using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages;

/// <summary>
/// Checks and activates the staged credential set. Every form names the set that the administrator saw; if it is no
/// longer staged, the response says who changed it and when (409).
/// </summary>
[RecentSignIn(OnlyForms = true, Except = "Check")]
internal sealed class StagedCredentialsModel(
    AccountRegister accounts, CredentialSets sets, CredentialHistory history, CredentialCheck check)
    : PortalPage
{
    public const string Path = "/scim-credentials/staged";

    [BindProperty(Name = "set")]
    public Guid SetId { get; set; }

    [TempData]
    public string? Done { get; set; }

    public StagedPanel? Panel { get; private set; }

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        await Load(cancellation);
        return Panel is null ? LocalRedirect(ScimCredentialsModel.Path) : Page();
    }

    public async Task<IActionResult> OnPostCheck(string? secret, CancellationToken cancellation)
    {
        await check.Check(Administrator.AccountId, SetId, secret ?? "", Actor, cancellation);
        await Load(cancellation);
        Panel = Panel is null ? null : Panel with { IsGood = true };
        return Page();
    }

    public async Task<IActionResult> OnPostActivate(CancellationToken cancellation)
    {
        var activated = await sets.Activate(Administrator.AccountId, SetId, Actor, once: null, cancellation);
        var secret = Portal.DescribeSecret(activated.Result);
        Done = $"The staged credentials are active now: the {secret}. {activated.Confirmation}";
        return LocalRedirect(ScimCredentialsModel.Path);
    }

    public override async Task<IActionResult> Refuse(ProblemException refusal, CancellationToken cancellation)
    {
        var page = await base.Refuse(refusal, cancellation);
        // The error about a wrong secret is shown beside its field.
        if (Panel is not null && refusal.Status == StatusCodes.Status400BadRequest)
            (Panel, Refusal) = (Panel with { Wrong = refusal.Message }, null);
        return page;
    }

    protected override async Task Load(CancellationToken cancellation)
    {
        var accountId = Administrator.AccountId;
        var account = await accounts.Get(accountId, cancellation);
        if (account.AllowsScim && await history.FindStaged(accountId, cancellation) is { } staged)
            Panel = new(staged, await history.FindActive(accountId, cancellation));
    }
}

/// <summary>The staged credentials, and what an administrator can do with them.</summary>
/// <param name="Staged">The staged set.</param>
/// <param name="Active">The set that it will replace.</param>
/// <param name="IsGood">Whether the value that was just checked is a secret or token of the set.</param>
/// <param name="Wrong">Why it is not.</param>
internal sealed record StagedPanel(
    CredentialSet Staged, CredentialSet? Active, bool IsGood = false, string? Wrong = null);
