using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.Filters;

namespace Auth.Server.Pages.Security;

/// <summary>
/// Redirects whoever has no second factor, although the account requires one or they are an operator, to the page where
/// one is set up. Afterwards they return to the requested page.
/// </summary>
internal sealed class RequireSecondFactor : IAsyncPageFilter
{
    public Task OnPageHandlerSelectionAsync(PageHandlerSelectedContext context) => Task.CompletedTask;

    public async Task OnPageHandlerExecutionAsync(
        PageHandlerExecutingContext context, PageHandlerExecutionDelegate next)
    {
        var http = context.HttpContext;
        if (http.User.Identity?.IsAuthenticated != true
            || Portal.ConcernsOnlySignIn(context.ActionDescriptor.ViewEnginePath)
            || !await http.RequestServices.GetRequiredService<SecondFactorRegister>()
                .IsMissing(SignedIn.From(http.User), http.RequestAborted))
        {
            await next();
            return;
        }

        var site = Site.Of(http);
        var returnUrl = HttpMethods.IsGet(http.Request.Method)
            ? http.Request.Path + http.Request.QueryString
            : site.Home;
        context.Result = new LocalRedirectResult(site.Security + QueryString.Create("returnUrl", returnUrl));
    }
}
