using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// Limits a request's URL and headers. Kestrel refuses what exceeds its own limits without a body and before any of our
/// code runs. Therefore Kestrel's limits are higher, and ours are checked here, where the response is a SCIM error.
/// </summary>
internal static class RequestHead
{
    /// <summary>The maximum number of bytes of path and query.</summary>
    public const int MaxAddress = 8 * 1024;

    /// <summary>The maximum number of bytes of all headers.</summary>
    public const int MaxHeaders = 32 * 1024;

    /// <summary>The maximum number of headers.</summary>
    public const int MaxHeaderCount = 100;

    /// <summary>Sets Kestrel's limits above ours.</summary>
    public static void WidenLimits(KestrelServerLimits limits)
    {
        limits.MaxRequestLineSize = 64 * 1024;
        limits.MaxRequestHeadersTotalSize = 128 * 1024;
        limits.MaxRequestHeaderCount = 10 * MaxHeaderCount;
    }

    /// <summary>Refuses a request whose URL (414) or headers (431) are too long.</summary>
    public static void UseHeadLimits(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        if (http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.Length > MaxAddress)
            throw new BadHttpRequestException("", StatusCodes.Status414UriTooLong);
        if (IsTooLarge(http.Request.Headers))
            throw new BadHttpRequestException("", StatusCodes.Status431RequestHeaderFieldsTooLarge);
        return next(http);
    });

    private static bool IsTooLarge(IHeaderDictionary headers)
    {
        var (count, size) = (0, 0);
        foreach (var (name, values) in headers)
        {
            foreach (var value in values)
            {
                count++;
                // Plus the colon, a space and the line break.
                size += name.Length + (value?.Length ?? 0) + 4;
            }
        }
        return count > MaxHeaderCount || size > MaxHeaders;
    }
}
