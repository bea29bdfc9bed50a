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

    /// <summary>What is wrong, which the layout shows at the top of the page.</summary>
    public virtual IReadOnlyList<PageError> Errors => PageError.Of(Refusal);

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

/// <summary>What is wrong with a request, shown at the top of the page.</summary>
/// <param name="Message">A sentence.</param>
/// <param name="Field">The id of the field that it is about; null if it is about the whole request.</param>
internal sealed record PageError(string Message, string? Field = null)
{
    /// <summary>The errors of a page that has at most one.</summary>
    public static IReadOnlyList<PageError> Of(string? refusal) => refusal is null ? [] : [new(refusal)];
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

/// <summary>
/// Makes the portal read-only for a suspended account, and for administrators who have that role. They can still change
/// how they sign in. It is read-only for operators, too, who change how they sign in at the console.
/// </summary>
internal sealed class RefuseIfReadOnly : IAsyncPageFilter
{
    public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context) => Task.CompletedTask;

    public async Task OnPageHandlerExecutionAsync(
        PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        var http = context.HttpContext;
        if (http.Features.Get<SignedInAccount>() is { IsViewed: true }
            && context.ActionDescriptor.ViewEnginePath.StartsWith("/Security/", StringComparison.Ordinal))
        {
            context.Result = new LocalRedirectResult(Site.Console.Security);
            return;
        }

        if (HttpMethods.IsGet(http.Request.Method)
            || WhyReadOnly(http) is not { } reason
            || Portal.ConcernsOnlySignIn(context.ActionDescriptor.ViewEnginePath))
        {
            await next();
            return;
        }

        var refusal = ProblemException.Forbidden(reason);
        context.Result = context.HandlerInstance is PortalPage page
            ? await page.Refuse(refusal, http.RequestAborted)
            : new StatusCodeResult(refusal.Status);
    }

    private static string? WhyReadOnly(HttpContext http) => http.Features.Get<SignedInAccount>() switch
    {
        { IsViewed: true } account =>
            $"You are only looking at {account.Name}. Nothing was changed. Its settings are in the operator console.",
        { IsSuspended: true } account =>
            $"{account.Name} is suspended. Nothing was changed. Write to support@scileads.com.",
        { ReadOnly: true } account =>
            $"Your access to {account.Name} is read-only. Nothing was changed. Ask an administrator.",
        _ => null,
    };
}
