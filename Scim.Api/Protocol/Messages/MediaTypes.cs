using Microsoft.Net.Http.Headers;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// <c>application/scim+json</c>, and <c>application/json</c> for clients that do not know it (RFC 7644 §3.8).
/// Parameters are ignored, except for a <c>charset</c> other than UTF-8.
/// </summary>
internal static class MediaTypes
{
    public const string Scim = "application/scim+json";
    public const string Json = "application/json";

    // Some clients omit the hyphen; an empty name means nothing.
    private static readonly string[] Utf8Names = ["utf-8", "utf8", ""];

    /// <summary>
    /// The media type of a response: <c>application/json</c> only if the client accepts nothing else.
    /// </summary>
    public static string ForResponse(HttpRequest request) =>
        request.GetTypedHeaders().Accept is { Count: > 0 } accepted
        && accepted.Any(type => Is(type, Json))
        && !accepted.Any(type => Is(type, Scim) || type.MatchesAllTypes || type.MatchesAllSubTypes)
            ? Json
            : Scim;

    /// <summary>Whether a body of this type is accepted. A body without a type is assumed to be JSON.</summary>
    public static bool IsAccepted(string? contentType) =>
        string.IsNullOrWhiteSpace(contentType)
        || (MediaTypeHeaderValue.TryParse(contentType, out var type) && (Is(type, Scim) || Is(type, Json)));

    /// <summary>The charset of a content type, unless it is UTF-8, which all JSON is in (RFC 8259 §8.1).</summary>
    public static string? CharsetOtherThanUtf8(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
            ? type.Parameters
                .Where(parameter => parameter.Name.Equals("charset", StringComparison.OrdinalIgnoreCase))
                .Select(parameter => HeaderUtilities.RemoveQuotes(parameter.Value).Value?.Trim() ?? "")
                .FirstOrDefault(charset => !Utf8Names.Contains(charset, StringComparer.OrdinalIgnoreCase))
            : null;

    private static bool Is(MediaTypeHeaderValue type, string name) =>
        type.MediaType.Equals(name, StringComparison.OrdinalIgnoreCase);
}
