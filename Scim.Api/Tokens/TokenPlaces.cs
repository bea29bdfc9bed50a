using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Tokens;

/// <summary>
/// Access tokens are taken from the <c>Authorization</c> header and from nowhere else: one in the address or in a form
/// is 401 if it is alone, and 400 next to the header (RFC 6750 §2 and §3.1, RFC 9700 §4.3.2).
/// </summary>
internal static class TokenPlaces
{
    private const string Parameter = "access_token";

    // What is longer is refused as a form by the endpoint, unread.
    private static readonly FormOptions form = new() { BufferBodyLengthLimit = 64 * 1024 };

    /// <summary>Refuses a token in the address, before the header is looked at.</summary>
    public static void RefuseTokensInAddress(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        if (NeedsToken(http) && http.Request.Query[Parameter].Any(token => !string.IsNullOrEmpty(token)))
            throw new ScimException(HasHeader(http.Request) ? TokenErrors.SentTwice() : TokenErrors.InAddress());
        return next(http);
    });

    /// <summary>Refuses a token in a form; put it behind the check of the header, as strangers' forms are not read.</summary>
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
