using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Auth.Server.Pages.Security;

/// <summary>
/// Leads to a page that asks for the password again when the administrator has not proved who they are for a while:
/// whoever finds an open browser cannot make it their own, nor give anybody access to the account's people.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RecentSignInAttribute : Attribute, IAsyncPageFilter
{
    /// <summary>Whether the page itself is shown without, and only its forms are guarded.</summary>
    public bool OnlyForms { get; init; }

    /// <summary>The one form that is not guarded either, by its handler.</summary>
    public string? Except { get; init; }

    public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context) => Task.CompletedTask;

    public async Task OnPageHandlerExecutionAsync(
        PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        var http = context.HttpContext;
        var isForm = HttpMethods.IsPost(http.Request.Method);
        var sessions = http.RequestServices.GetRequiredService<Sessions>();
        if ((OnlyForms && (!isForm || (Except is not null && context.HandlerMethod?.Name == Except)))
            || await sessions.IsRecent(SignedIn.From(http.User), http.RequestAborted))
        {
            await next();
            return;
        }

        var address = isForm && context.HandlerInstance is IReturnTo page ? page.ReturnTo() : AddressOf(http.Request);
        context.Result = new LocalRedirectResult(ConfirmModel.Path + QueryString.Create("returnUrl", address));
    }

    // Of a form, the page that it stands on.
    private static string AddressOf(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) ? request.Path + request.QueryString : request.Path.Value!;
}

/// <summary>A page whose form is come back to after the administrator has confirmed who they are.</summary>
internal interface IReturnTo
{
    /// <summary>Keeps what was filled in, and says where it is shown again.</summary>
    string ReturnTo();
}
