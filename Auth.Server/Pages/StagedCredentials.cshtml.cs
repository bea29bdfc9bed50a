using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Pages.Security;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>
/// Checks the staged credential set, and has it take over. Every form names the set that the administrator saw; if it is
/// no longer staged, the answer says who changed it and when (409).
/// </summary>
[RecentSignIn(OnlyForms = true, Except = "Check")]
internal sealed class StagedCredentialsModel(
    AccountRegister accounts, CredentialSets sets, CredentialHistory history, CredentialCheck check) : PageModel
{
    public const string Path = "/scim-credentials/staged";

    [BindProperty(Name = "set")]
    public Guid SetId { get; set; }

    [TempData]
    public string? Done { get; set; }

    public StagedPanel? Panel { get; private set; }

    public string? Refusal { get; private set; }

    public async Task<IActionResult> OnGet(CancellationToken cancellation)
    {
        await Load(cancellation);
        return Panel is null ? LocalRedirect(ScimCredentialsModel.Path) : Page();
    }

    public async Task<IActionResult> OnPostCheck(string? secret, CancellationToken cancellation)
    {
        var isWrong = false;
        try
        {
            await check.Check(SignedIn.From(User).AccountId, SetId, secret ?? "", cancellation);
        }
        catch (ProblemException problem)
        {
            (Response.StatusCode, Refusal) = (problem.Status, problem.Message);
            isWrong = problem.Status == StatusCodes.Status400BadRequest;
        }

        await Load(cancellation);
        if (Panel is not null && (isWrong || Refusal is null))
            (Panel, Refusal) = (Panel with { Wrong = Refusal, IsGood = Refusal is null }, null);
        return Page();
    }

    public async Task<IActionResult> OnPostActivate(CancellationToken cancellation)
    {
        var administrator = SignedIn.From(User);
        try
        {
            var set = await sets.Activate(administrator.AccountId, SetId, administrator.Email, cancellation);
            Done = $"The staged credentials are active now: the {Portal.SecretOf(set)}. {set.Confirmation}";
            return LocalRedirect(ScimCredentialsModel.Path);
        }
        catch (ProblemException problem)
        {
            (Response.StatusCode, Refusal) = (problem.Status, problem.Message);
        }

        await Load(cancellation);
        return Page();
    }

    private async Task Load(CancellationToken cancellation)
    {
        var accountId = SignedIn.From(User).AccountId;
        var account = await accounts.Get(accountId, cancellation);
        if (account.AllowsScim && await history.FindStaged(accountId, cancellation) is { } staged)
            Panel = new(staged, await history.FindActive(accountId, cancellation));
    }
}

/// <summary>The staged credentials, and what an administrator can do with them.</summary>
/// <param name="Staged">The set that waits.</param>
/// <param name="Active">The set that it will replace.</param>
/// <param name="IsGood">Whether what was checked just now is its secret or a token of it.</param>
/// <param name="Wrong">Why what was checked just now is not.</param>
internal sealed record StagedPanel(
    CredentialSet Staged, CredentialSet? Active, bool IsGood = false, string? Wrong = null);
