using Auth.Server.Administrators;
using Auth.Server.Audit;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages;

/// <summary>
/// A page of the portal. If a handler throws a <see cref="ProblemException"/>, the page is shown again with its
/// message, which says why the request was refused (<see cref="ShowRefusals"/>).
/// </summary>
internal abstract class PortalPage : PageModel
{
    /// <summary>Why the request was refused; null if it was not.</summary>
    public string? Refusal { get; protected set; }

    /// <summary>The administrator who is signed in.</summary>
    protected SignedIn Administrator => SignedIn.From(User);

    /// <summary>The administrator who is signed in, for the audit log.</summary>
    protected Actor Actor => Administrator.ToActor(HttpContext);

    /// <summary>Shows the page with a refusal, and responds with its status.</summary>
    public virtual async Task<IActionResult> Refuse(ProblemException refusal, CancellationToken cancellation)
    {
        (Response.StatusCode, Refusal) = (refusal.Status, refusal.Message);
        await Load(cancellation);
        return Page();
    }

    /// <summary>Loads what the page shows in addition to a refusal.</summary>
    protected virtual Task Load(CancellationToken cancellation) => Task.CompletedTask;
}

/// <summary>Lets each page show the refusals of its handlers.</summary>
internal sealed class ShowRefusals : IAsyncPageFilter
{
    public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context) => Task.CompletedTask;

    public async Task OnPageHandlerExecutionAsync(
        PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        var executed = await next();
        if (executed.Exception is not ProblemException refusal || executed.HandlerInstance is not PortalPage page)
            return;
        executed.Result = await page.Refuse(refusal, context.HttpContext.RequestAborted);
        executed.ExceptionHandled = true;
    }
}
