using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Security;

/// <summary>
/// The base class of the pages that add and remove second factors. After the first factor is added, the response shows
/// the recovery codes, which are not shown again.
/// </summary>
internal abstract class SecondFactorPage(SecondFactorRegister factors) : PortalPage
{
    /// <summary>The page that was requested before a second factor had to be set up.</summary>
    [BindProperty(SupportsGet = true)]
    public string? ReturnUrl { get; set; }

    [TempData]
    public string? Done { get; set; }

    /// <summary>New recovery codes to show.</summary>
    public IReadOnlyList<string> RecoveryCodes { get; protected set; } = [];

    /// <summary>The page to continue with.</summary>
    public string Next => Portal.LocalOr(Url, ReturnUrl, Site.Of(HttpContext).Security);

    protected SecondFactorRegister Factors => factors;

    /// <summary>Adds a factor, and shows new recovery codes, or else the next page.</summary>
    protected async Task<IActionResult> Add(string what, Func<Task> add, string done, CancellationToken cancellation)
    {
        RecoveryCodes = await factors.Add(Administrator, what, add, Actor, cancellation);
        Done = done;
        return RecoveryCodes.Count > 0 ? Page() : LocalRedirect(Next);
    }

    /// <summary>Removes a factor, and returns to the overview.</summary>
    protected async Task<IActionResult> Remove(
        string what, Func<Task> remove, string done, CancellationToken cancellation)
    {
        await factors.Remove(Administrator, what, remove, Actor, cancellation);
        Done = done;
        return LocalRedirect(Site.Of(HttpContext).Security);
    }
}
