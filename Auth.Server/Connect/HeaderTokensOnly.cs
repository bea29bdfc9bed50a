using Microsoft.Net.Http.Headers;
using OpenIddict.Validation;
using OpenIddict.Validation.AspNetCore;
using Shared.Contracts;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Validation.OpenIddictValidationEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Accepts access tokens only from the Authorization header, because a token in a URL or form ends up in logs (RFC
/// 9700 §4.3.2). Elsewhere, it is not accepted; in addition to a header, it makes the request invalid (RFC 6750
/// §2: one method per request).
/// </summary>
internal sealed class HeaderTokensOnly(RequestDelegate next)
{
    private static readonly PathString[] protectedPaths =
        [$"/{AuthServerPaths.Accounts}", $"/{AuthServerPaths.EventsPoll}"];

    public async Task InvokeAsync(HttpContext http)
    {
        if (!protectedPaths.Any(path => http.Request.Path.StartsWithSegments(path))
            || (!http.Request.Query.ContainsKey(Parameters.AccessToken) && !await IsInForm(http.Request)))
        {
            await next(http);
            return;
        }

        var isAmbiguous = http.Request.Headers.Authorization.Count > 0;
        http.Response.StatusCode = isAmbiguous ? StatusCodes.Status400BadRequest : StatusCodes.Status401Unauthorized;
        http.Response.Headers.WWWAuthenticate = $"Bearer realm=\"{AuthorizationServer.Realm}\"" + (isAmbiguous
            ? $", error=\"{Errors.InvalidRequest}\", error_description=\"Send the access token once, in the header.\""
            : "");
    }

    private static async Task<bool> IsInForm(HttpRequest request)
    {
        // RFC 6750 §2.2 defines tokens only for this media type, not for forms with files.
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
            || !type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        try
        {
            return (await request.ReadFormAsync(request.HttpContext.RequestAborted)).ContainsKey(
                Parameters.AccessToken);
        }
        // The endpoint itself refuses a form that cannot be read.
        catch (Exception error) when (error is InvalidDataException or BadHttpRequestException)
        {
            return false;
        }
    }

    /// <summary>Removes the link to OpenIddict's documentation from challenges.</summary>
    internal sealed class WithoutErrorUri : IOpenIddictValidationHandler<ProcessChallengeContext>
    {
        public static OpenIddictValidationHandlerDescriptor Descriptor { get; } =
            OpenIddictValidationHandlerDescriptor.CreateBuilder<ProcessChallengeContext>()
                .UseSingletonHandler<WithoutErrorUri>()
                .SetOrder(
                    OpenIddictValidationAspNetCoreHandlers.AttachHttpResponseCode<ProcessChallengeContext>
                        .Descriptor.Order - 500)
                .Build();

        public ValueTask HandleAsync(ProcessChallengeContext context)
        {
            context.Response.ErrorUri = null;
            return ValueTask.CompletedTask;
        }
    }
}
