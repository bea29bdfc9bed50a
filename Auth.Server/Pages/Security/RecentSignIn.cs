using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Auth.Server.Pages.Security;

/// <summary>
/// Asks for the password again if the administrator has not proved their identity recently. So somebody who finds an
/// unlocked browser cannot take over the administrator's access, or give others access to the account's people. An
/// operator who looks at the account can do neither (<see cref="RefuseIfReadOnly"/>).
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RecentSignInAttribute : Attribute, IAsyncPageFilter
{
    /// <summary>Whether only the page's forms are protected, and the page itself is always shown.</summary>
    public bool OnlyForms { get; init; }

    /// <summary>The handler of the only form that is not protected.</summary>
    public string? Except { get; init; }

    public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context) => Task.CompletedTask;

    public async Task OnPageHandlerExecutionAsync(
        PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        var http = context.HttpContext;
        var isForm = HttpMethods.IsPost(http.Request.Method);
        var sessions = http.RequestServices.GetRequiredService<Sessions>();
        if (http.Features.Get<SignedInAccount>() is { IsViewed: true }
            || (OnlyForms && (!isForm || (Except is not null && context.HandlerMethod?.Name == Except)))
            || await sessions.IsRecent(SignedIn.From(http.User), http.RequestAborted))
        {
            await next();
            return;
        }

        var address = isForm && context.HandlerInstance is IReturnTo page ? page.ReturnTo() : AddressOf(http.Request);
        context.Result = new LocalRedirectResult(
            $"{Site.Of(http).Security}/confirm{QueryString.Create("returnUrl", address)}");
    }

    // For a form, the address of its page.
    private static string AddressOf(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) ? request.Path + request.QueryString : request.Path.Value!;
}

/// <summary>A page that shows its form again after the administrator has confirmed their identity.</summary>
internal interface IReturnTo
{
    /// <summary>Saves what was filled in, and returns the address where it is shown again.</summary>
    string ReturnTo();
}
