using Microsoft.Extensions.Options;

namespace Scim.Api;

/// <summary>
/// What every answer says to whom it should not have reached: it is no page, and about people, so nobody in between
/// keeps it (RFC 9111 §5.2.2.5); and under a public address this host is spoken to over TLS only (RFC 6797).
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
