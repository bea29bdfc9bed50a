namespace Auth.Server.Pages;

/// <summary>
/// The headers that keep a page from being framed, sniffed or scripted by others, and from being stored: it shows what
/// is so now, and secrets once. No script or style stands in a page.
/// </summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    private static readonly object formTargets = new();

    /// <summary>
    /// Lets the form of this page end, by redirect, at another site too: the consent page sends people back to the
    /// client. Browsers hold all redirects that follow against <c>form-action</c>, and Okta's address sends people on
    /// to that of their organization, which nobody knows here: hence any <c>https</c>.
    /// </summary>
    public static void AllowFormTo(HttpContext http, Uri target) =>
        http.Items[formTargets] = $" https: {target.GetLeftPart(UriPartial.Authority)}";

    public Task InvokeAsync(HttpContext http)
    {
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            headers.ContentSecurityPolicy =
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                + $"form-action 'self'{http.Items[formTargets]}; frame-ancestors 'none'; base-uri 'none'";
            if (http.Response.ContentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) == true)
                headers.CacheControl = "no-store";
            return Task.CompletedTask;
        });
        return next(http);
    }
}
