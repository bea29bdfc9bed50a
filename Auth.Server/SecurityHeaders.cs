using System.Security.Cryptography;
using Microsoft.AspNetCore.Http.Features;

namespace Auth.Server;

/// <summary>
/// Sets the headers that prevent pages from being framed, sniffed, scripted by others, or stored: a page shows current
/// data and, once, secrets. Pages contain no inline script or style. Other responses (exports, tokens, redirects with
/// codes) are not stored either, unless they set <c>Cache-Control</c> themselves.
/// </summary>
internal sealed class SecurityHeaders(RequestDelegate next, string consentPath)
{
    // What pages use, and what they could otherwise be tricked into.
    private const string PermissionsPolicy =
        "publickey-credentials-get=(self), publickey-credentials-create=(self), clipboard-write=(self), "
        + "clipboard-read=(), camera=(), microphone=(), display-capture=(), geolocation=(), payment=(), usb=(), "
        + "serial=(), hid=(), bluetooth=(), midi=(), browsing-topics=()";

    private static readonly object formTargets = new();
    private static readonly object nonce = new();

    /// <summary>
    /// Allows the form of this page to end, by redirect, at another site: the consent page sends people back to
    /// the client. Browsers check every redirect that follows against <c>form-action</c>, and Okta's callback
    /// redirects to the address of the customer's organization, which is not known here. Therefore any
    /// <c>https</c> address is allowed.
    /// </summary>
    public static void AllowFormTo(HttpContext http, Uri target) =>
        http.Items[formTargets] = $" https: {target.GetLeftPart(UriPartial.Authority)}";

    /// <summary>
    /// Allows scripts with a nonce (CSP 3 §6.7.2.2) in this page, and the styles that our own scripts add: the
    /// component that shows the API's description needs both. That page shows no secret and needs no sign-in.
    /// </summary>
    public static string AllowNonce(HttpContext http)
    {
        var value = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        http.Items[nonce] = value;
        return value;
    }

    public Task InvokeAsync(HttpContext http)
    {
        // Read now, as an error page has another path.
        string?[] addresses = [http.Request.Path, http.Request.Query["returnUrl"]];
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Permissions-Policy"] = PermissionsPolicy;
            // A provider opens the consent page in a window, to whose opener its callback reports. That page, and the
            // pages on the way to it, must not cut the two off from each other.
            if (!addresses.Append(ReturnUrlIn(http)).Any(LeadsToConsent))
                headers["Cross-Origin-Opener-Policy"] = "same-origin";
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

    private bool LeadsToConsent(string? address) =>
        address?.StartsWith(consentPath, StringComparison.OrdinalIgnoreCase) == true;

    /// <summary>The address in a form that has been read, to which the browser returns after signing in.</summary>
    private static string? ReturnUrlIn(HttpContext http) => http.Features.Get<IFormFeature>()?.Form?["returnUrl"];

    /// <summary>What is public and may be cached: metadata (RFC 8414) and keys.</summary>
    private static bool IsPublic(PathString path) =>
        path.StartsWithSegments("/.well-known");
}
