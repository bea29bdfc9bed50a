using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages.Security;

/// <summary>
/// What the pages share that add and remove a second factor. The answer to the form that adds the first shows the
/// recovery codes, and nothing shows them again.
/// </summary>
internal abstract class SecondFactorPage(SecondFactorRegister factors) : PageModel
{
    /// <summary>Where the administrator was going before the account asked for a second factor.</summary>
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    [TempData]
    public string? Done { get; set; }

    public string? Refusal { get; protected set; }

    /// <summary>New ones, to be shown now.</summary>
    public IReadOnlyList<string> RecoveryCodes { get; protected set; } = [];

    /// <summary>The page to go on to.</summary>
    public string Next => Portal.LocalOr(Url, ReturnUrl, OverviewModel.Path);

    protected SignedIn Administrator => SignedIn.From(User);

    protected SecondFactorRegister Factors => factors;

    /// <summary>Adds a factor and goes on, by way of the recovery codes if they are new; null if it was refused.</summary>
    protected async Task<IActionResult?> Adds(
        string what, Func<Task> add, string done, CancellationToken cancellation)
    {
        try
        {
            RecoveryCodes = await factors.Add(Administrator, what, add, cancellation);
            Done = done;
            return RecoveryCodes.Count > 0 ? Page() : LocalRedirect(Next);
        }
        catch (ProblemException problem)
        {
            Refuse(problem);
            return null;
        }
    }

    protected async Task<bool> Removes(
        string what, Func<Task> remove, string done, CancellationToken cancellation)
    {
        try
        {
            await factors.Remove(Administrator, what, remove, cancellation);
            Done = done;
            return true;
        }
        catch (ProblemException problem)
        {
            Refuse(problem);
            return false;
        }
    }

    private void Refuse(ProblemException problem)
    {
        Response.StatusCode = problem.Status;
        Refusal = problem.Message;
    }
}
