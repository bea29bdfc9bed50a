using System.Security.Cryptography;

namespace Auth.Server;

/// <summary>
/// The headers that keep a page from being framed, sniffed or scripted by others, and from being stored: it shows what
/// is so now, and secrets once. No script or style stands in a page. Every other answer is not stored either (exports,
/// tokens, redirects with codes), unless it says itself that it may be.
/// </summary>
internal sealed class SecurityHeaders(RequestDelegate next)
{
    private static readonly object formTargets = new();
    private static readonly object nonce = new();

    /// <summary>
    /// Lets the form of this page end, by redirect, at another site too: the consent page sends people back to the
    /// client. Browsers hold all redirects that follow against <c>form-action</c>, and Okta's address sends people on
    /// to that of their organization, which nobody knows here: hence any <c>https</c>.
    /// </summary>
    public static void AllowFormTo(HttpContext http, Uri target) =>
        http.Items[formTargets] = $" https: {target.GetLeftPart(UriPartial.Authority)}";

    /// <summary>
    /// Lets scripts in this page run that carry a nonce (CSP 3 §6.7.2.2), and styles that a script of ours puts into
    /// it: the API's description is drawn by a component that does both. It shows no secret and needs no sign-in.
    /// </summary>
    public static string AllowNonce(HttpContext http)
    {
        var value = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        http.Items[nonce] = value;
        return value;
    }

    public Task InvokeAsync(HttpContext http)
    {
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            var (scripts, styles, images) = http.Items[nonce] is { } value
                ? ($"'self' 'nonce-{value}'", "'self' 'unsafe-inline'", "'self' data:")
                : ("'self'", "'self'", "'self'");
            headers.ContentSecurityPolicy =
                $"default-src 'none'; script-src {scripts}; style-src {styles}; img-src {images}; connect-src 'self'; "
                + $"form-action 'self'{http.Items[formTargets]}; frame-ancestors 'none'; base-uri 'none'";
            if (http.Response.ContentType?.StartsWith("text/html", StringComparison.OrdinalIgnoreCase) == true
                || (headers.CacheControl.Count == 0 && !IsPublic(http.Request.Path)))
            {
                headers.CacheControl = "no-store";
            }
            return Task.CompletedTask;
        });
        return next(http);
    }

    /// <summary>What everybody may read, and caches may keep: metadata (RFC 8414) and keys.</summary>
    private static bool IsPublic(PathString path) =>
        path.StartsWithSegments("/.well-known");
}
