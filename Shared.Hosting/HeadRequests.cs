using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Shared.Hosting;

/// <summary>
/// Answers HEAD wherever GET is answered (RFC 9110 §9.3.2): the rest of the pipeline sees a GET, and Kestrel, which
/// still knows that it was a HEAD, omits the body.
/// </summary>
public static class HeadRequests
{
    /// <summary>Turns HEAD into GET for the rest of the pipeline.</summary>
    public static void UseHeadRequests(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        if (HttpMethods.IsHead(http.Request.Method))
        {
            http.Request.Method = HttpMethods.Get;
            http.Features.Set(new Head());
        }
        return next(http);
    });

    /// <summary>Whether the client sent HEAD.</summary>
    public static bool IsHead(this HttpContext http) => http.Features.Get<Head>() is not null;

    private sealed record Head;
}
