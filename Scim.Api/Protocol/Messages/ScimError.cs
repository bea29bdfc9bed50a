using System.Text.Json;
using Shared.Hosting.Data;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// An error response, in the terms of RFC 7644 §3.12 and RFC 9865 §2.1. <paramref name="Detail"/> is a sentence for the
/// administrator who reads it in the identity provider: what was wrong, and with which value.
/// </summary>
internal sealed record ScimError(int Status, string? ScimType, string Detail) : IResult
{
    public const string Schema = "urn:ietf:params:scim:api:messages:2.0:Error";

    /// <summary>The <c>Retry-After</c> header in seconds, for 429 and 503.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>The <c>WWW-Authenticate</c> header (RFC 6750 §3), for 401 and 403.</summary>
    public string? Challenge { get; init; }

    /// <summary>The <c>Accept-Encoding</c> header (RFC 9110 §12.5.3), for a 415 about the content coding.</summary>
    public string? AcceptEncoding { get; init; }

    /// <summary>Whether every request of this caller is refused, as for a suspended account.</summary>
    public bool IsOfCaller { get; init; }

    public static ScimError ExpiredCursor(string detail) => new(400, "expiredCursor", detail);
    public static ScimError InvalidCount(string detail) => new(400, "invalidCount", detail);
    public static ScimError InvalidCursor(string detail) => new(400, "invalidCursor", detail);
    public static ScimError InvalidFilter(string detail) => new(400, "invalidFilter", detail);
    public static ScimError InvalidPath(string detail) => new(400, "invalidPath", detail);
    public static ScimError InvalidSyntax(string detail) => new(400, "invalidSyntax", detail);
    public static ScimError InvalidValue(string detail) => new(400, "invalidValue", detail);
    public static ScimError Mutability(string detail) => new(400, "mutability", detail);
    public static ScimError NoTarget(string detail) => new(400, "noTarget", detail);
    public static ScimError TooMany(string detail) => new(400, "tooMany", detail);
    public static ScimError Unauthorized(string detail, string challenge) =>
        new(401, null, detail) { Challenge = challenge };

    public static ScimError Forbidden(string detail) => new(403, null, detail);
    public static ScimError NotFound(string type, string id) => new(404, null, $"{type} {ShownId(id)} does not exist.");

    // A text that cannot be an id may be a secret.
    private static string ShownId(string id) =>
        id.Split('?', 2)[0] is var shown && shown.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? shown
            : "with this id";

    public static ScimError Uniqueness(string detail) => new(409, "uniqueness", detail);
    public static ScimError TooManyRequests(string detail, int retryAfter) =>
        new(429, null, detail) { RetryAfter = retryAfter };

    public static ScimError Fault() =>
        new(500, null, "Something went wrong in SciLeads. Try the request again.");

    public static ScimError NotImplemented(string detail) => new(501, null, detail);
    public static ScimError DatabaseUnavailable() => Unavailable(
        "SciLeads cannot use its database at the moment. Nothing is wrong with the request; try again.",
        DatabaseOutage.RetryAfter);

    public static ScimError Unavailable(string detail, int retryAfter) =>
        new(503, null, detail) { RetryAfter = retryAfter };

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = Status;
        response.ContentType = "application/scim+json";
        response.Headers.CacheControl = "no-store";
        if (RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (Challenge is not null)
            response.Headers.WWWAuthenticate = ChallengeFor(httpContext);

        if (AcceptEncoding is not null)
            response.Headers.AcceptEncoding = AcceptEncoding;

        await BufferedResponse.Send(response, writer =>
        {
            using var json = new Utf8JsonWriter(writer);
            WriteTo(json);
        });
    }

    private string ChallengeFor(HttpContext http) =>
        http.RequestServices?.GetService<ResourceMetadata>() is { } metadata
            ? $"{Challenge}, resource_metadata=\"{metadata.Address}\""
            : Challenge!;

    /// <summary>Writes the error's body.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteStartArray("schemas");
        json.WriteStringValue(Schema);
        json.WriteEndArray();
        json.WriteString("status", Status.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (ScimType is not null)
            json.WriteString("scimType", ScimType);
        json.WriteString("detail", Detail);
        json.WriteEndObject();
    }
}
