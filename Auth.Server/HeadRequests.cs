namespace Auth.Server;

/// <summary>
/// Answers HEAD wherever GET is answered (RFC 9110 §9.3.2): everything behind takes it for GET, and Kestrel, which knows
/// what the client sent, drops the body.
/// </summary>
internal static class HeadRequests
{
    public static void UseHeadRequests(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        if (HttpMethods.IsHead(http.Request.Method))
            http.Request.Method = HttpMethods.Get;
        return next(http);
    });
}
