using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Settings;

/// <summary>A page that shows what <see cref="ScimApi"/> knows, and says so if that cannot be reached.</summary>
internal abstract class ScimApiPage : PortalPage
{
    public override async Task<IActionResult> Refuse(ProblemException refusal, CancellationToken cancellation)
    {
        var page = await base.Refuse(refusal, cancellation);
        Response.StatusCode = StatusOf(refusal);
        return page;
    }

    /// <summary>
    /// The status of a page that shows a refusal. If Scim.Api refuses the portal itself, the administrator's request is
    /// not to blame.
    /// </summary>
    protected static int StatusOf(ProblemException refusal) =>
        refusal.Status is 400 or 403 or 404 or 409 or 429 ? refusal.Status : StatusCodes.Status503ServiceUnavailable;
}
