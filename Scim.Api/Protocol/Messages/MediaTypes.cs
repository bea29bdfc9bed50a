using Microsoft.Net.Http.Headers;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// <c>application/scim+json</c>, and <c>application/json</c> for those who know no better (RFC 7644 §3.8), with
/// whatever parameters but another <c>charset</c> than UTF-8.
/// </summary>
internal static class MediaTypes
{
    public const string Scim = "application/scim+json";
    public const string Json = "application/json";

    // Some write it without the hyphen, and an empty name says nothing.
    private static readonly string[] Utf8Names = ["utf-8", "utf8", ""];

    /// <summary>What an answer is called: <c>application/json</c> only for who asks for that and no more.</summary>
    public static string ForAnswer(HttpRequest request) =>
        request.GetTypedHeaders().Accept is { Count: > 0 } accepted
        && accepted.Any(type => Is(type, Json))
        && !accepted.Any(type => Is(type, Scim) || type.MatchesAllTypes || type.MatchesAllSubTypes)
            ? Json
            : Scim;

    /// <summary>Whether a body of this type is read; one without a type is taken for JSON.</summary>
    public static bool IsRead(string? contentType) =>
        string.IsNullOrWhiteSpace(contentType)
        || (MediaTypeHeaderValue.TryParse(contentType, out var type) && (Is(type, Scim) || Is(type, Json)));

    /// <summary>The charset that a content type names, unless it is UTF-8, that of all JSON (RFC 8259 §8.1).</summary>
    public static string? ForeignCharset(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
            ? type.Parameters
                .Where(parameter => parameter.Name.Equals("charset", StringComparison.OrdinalIgnoreCase))
                .Select(parameter => HeaderUtilities.RemoveQuotes(parameter.Value).Value?.Trim() ?? "")
                .FirstOrDefault(charset => !Utf8Names.Contains(charset, StringComparer.OrdinalIgnoreCase))
            : null;

    private static bool Is(MediaTypeHeaderValue type, string name) =>
        type.MediaType.Equals(name, StringComparison.OrdinalIgnoreCase);
}
