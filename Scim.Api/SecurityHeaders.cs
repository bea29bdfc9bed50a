using Microsoft.Extensions.Options;

namespace Scim.Api;

/// <summary>
/// Adds headers to every response: it is not a page, caches do not store it because it may contain personal data
/// (RFC 9111 §5.2.2.5) and, at a public address, this host must be used over TLS only (RFC 6797).
/// </summary>
internal sealed class SecurityHeaders(RequestDelegate next, IOptions<ScimOptions> options)
{
    private readonly bool isPublic = options.Value.IsPublic;

    public Task InvokeAsync(HttpContext http)
    {
        http.Response.OnStarting(() =>
        {
            var headers = http.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
            if (headers.CacheControl.Count == 0)
                headers.CacheControl = "no-store";
            if (isPublic)
                headers.StrictTransportSecurity = "max-age=31536000";
            return Task.CompletedTask;
        });
        return next(http);
    }
}
