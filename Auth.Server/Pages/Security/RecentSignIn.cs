using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Auth.Server.Pages.Security;

/// <summary>
/// Leads to a page that asks for the password again when the administrator has not proved who they are for a while:
/// whoever finds an open browser cannot make it their own.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class RecentSignInAttribute : Attribute, IAsyncPageFilter
{
    public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context) => Task.CompletedTask;

    public async Task OnPageHandlerExecutionAsync(
        PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        var http = context.HttpContext;
        var sessions = http.RequestServices.GetRequiredService<Sessions>();
        if (await sessions.IsRecent(SignedIn.From(http.User), http.RequestAborted))
            await next();
        else
            context.Result = new LocalRedirectResult(
                ConfirmModel.Path + QueryString.Create("returnUrl", AddressOf(http.Request)));
    }

    // Of a form, the page that it stands on.
    private static string AddressOf(HttpRequest request) =>
        HttpMethods.IsGet(request.Method) ? request.Path + request.QueryString : request.Path.Value!;
}
