using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Admission;

/// <summary>
/// Access tokens are accepted only in the <c>Authorization</c> header. One in the address or in a form is answered with
/// 401, or 400 if there is a header as well (RFC 6750 §2 and §3.1, RFC 9700 §4.3.2).
/// </summary>
internal static class TokenPlaces
{
    private const string Parameter = "access_token";

    // The endpoint refuses a longer form without reading it.
    private static readonly FormOptions form = new() { BufferBodyLengthLimit = 64 * 1024 };

    /// <summary>Refuses a token in the address. Use it before authentication.</summary>
    public static void RefuseTokensInAddress(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        if (NeedsToken(http) && http.Request.Query[Parameter].Any(token => !string.IsNullOrEmpty(token)))
            throw new ScimException(HasHeader(http.Request) ? TokenErrors.SentTwice() : TokenErrors.InAddress());
        return next(http);
    });

    /// <summary>
    /// Refuses a token in a form. Use it after authentication: forms of unauthenticated callers are not read.
    /// </summary>
    public static void RefuseTokensInForms(this IApplicationBuilder app) => app.Use(async (http, next) =>
    {
        if (http.Features.Get<Caller>() is not null && IsForm(http.Request.ContentType) && await HasToken(http))
            throw new ScimException(TokenErrors.SentTwice());
        await next(http);
    });

    private static bool NeedsToken(HttpContext http) =>
        http.GetEndpoint()?.Metadata.GetMetadata<IAuthorizeData>() is not null;

    private static bool HasHeader(HttpRequest request) =>
        request.Headers.Authorization.Any(value => !string.IsNullOrWhiteSpace(value));

    private static bool IsForm(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase);

    private static async Task<bool> HasToken(HttpContext http)
    {
        if (http.Request.ContentLength > form.BufferBodyLengthLimit)
            return false;
        try
        {
            var fields = await new FormFeature(http.Request, form).ReadFormAsync(http.RequestAborted);
            return fields[Parameter].Any(token => !string.IsNullOrEmpty(token));
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }
}
