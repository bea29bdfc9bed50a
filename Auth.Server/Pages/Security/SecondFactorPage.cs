using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Security;

/// <summary>
/// What the pages share that add and remove a second factor. The answer to the form that adds the first shows the
/// recovery codes, and nothing shows them again.
/// </summary>
internal abstract class SecondFactorPage(SecondFactorRegister factors) : PortalPage
{
    /// <summary>Where the administrator was going before the account asked for a second factor.</summary>
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    [TempData]
    public string? Done { get; set; }

    /// <summary>New ones, to be shown now.</summary>
    public IReadOnlyList<string> RecoveryCodes { get; protected set; } = [];

    /// <summary>The page to go on to.</summary>
    public string Next => Portal.LocalOr(Url, ReturnUrl, OverviewModel.Path);

    protected SecondFactorRegister Factors => factors;

    /// <summary>Adds a factor and goes on, by way of the recovery codes if they are new.</summary>
    protected async Task<IActionResult> Add(string what, Func<Task> add, string done, CancellationToken cancellation)
    {
        RecoveryCodes = await factors.Add(Administrator, what, add, Actor, cancellation);
        Done = done;
        return RecoveryCodes.Count > 0 ? Page() : LocalRedirect(Next);
    }

    /// <summary>Removes a factor, and goes back to the overview.</summary>
    protected async Task<IActionResult> Remove(
        string what, Func<Task> remove, string done, CancellationToken cancellation)
    {
        await factors.Remove(Administrator, what, remove, Actor, cancellation);
        Done = done;
        return LocalRedirect(OverviewModel.Path);
    }
}
