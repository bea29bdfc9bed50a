using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Auth.Server.Pages.Security;

/// <summary>
/// Leads an administrator whose account insists on a second factor, and who has none, to set one up before anything
/// else. The way back is kept.
/// </summary>
internal sealed class RequireSecondFactor : IAsyncPageFilter
{
    public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context) => Task.CompletedTask;

    public async Task OnPageHandlerExecutionAsync(
        PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        var http = context.HttpContext;
        if (http.User.Identity?.IsAuthenticated != true || IsOnTheWay(context.ActionDescriptor.ViewEnginePath)
            || !await http.RequestServices.GetRequiredService<SecondFactorRegister>()
                .IsMissing(SignedIn.From(http.User), http.RequestAborted))
        {
            await next();
            return;
        }

        var asked = HttpMethods.IsGet(http.Request.Method) ? http.Request.Path + http.Request.QueryString : "/";
        context.Result = new LocalRedirectResult(OverviewModel.Path + QueryString.Create("returnUrl", asked));
    }

    private static bool IsOnTheWay(string page) =>
        page.StartsWith("/Security/", StringComparison.Ordinal)
        || page is "/SignIn" or "/SignOut" or "/Invitation" or "/Error";
}
