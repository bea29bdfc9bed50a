using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// How long a request's address and headers may be. Kestrel answers what exceeds its limits without a body and
/// before any of our code, so its limits are wider and ours are checked here, where the answer is a SCIM error.
/// </summary>
internal static class RequestHead
{
    /// <summary>The most bytes of an address: path and query.</summary>
    public const int MaxAddress = 8 * 1024;

    /// <summary>The most bytes of all headers.</summary>
    public const int MaxHeaders = 32 * 1024;

    /// <summary>The most headers.</summary>
    public const int MaxHeaderCount = 100;

    /// <summary>Lets longer heads in than are accepted.</summary>
    public static void WidenLimits(KestrelServerLimits limits)
    {
        limits.MaxRequestLineSize = 64 * 1024;
        limits.MaxRequestHeadersTotalSize = 128 * 1024;
        limits.MaxRequestHeaderCount = 10 * MaxHeaderCount;
    }

    /// <summary>Refuses a request whose address (414) or headers (431) are too long.</summary>
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
                // The colon, a space and the end of the line.
                size += name.Length + (value?.Length ?? 0) + 4;
            }
        }
        return count > MaxHeaderCount || size > MaxHeaders;
    }
}
