using Microsoft.Extensions.Primitives;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Admission;

/// <summary>
/// The token in an <c>Authorization</c> header (RFC 6750 §2.1), and whether the word <c>Bearer</c> preceded it. Each
/// way in which pasting damages a token has a message of its own, because an administrator can fix it.
/// </summary>
internal sealed record BearerToken(string Value, bool HasScheme)
{
    private const int MaxUserAgentLength = 300;
    private const string Scheme = "Bearer";
    private const string Remedy = "Copy the token again and paste it into the identity provider as it is.";

    /// <summary>The IP address of the client.</summary>
    public string? ClientAddress { get; private init; }

    /// <summary>The <c>User-Agent</c> of the request: its printable ASCII characters, at most 300.</summary>
    public string? UserAgent { get; private init; }

    /// <summary>The token of a request, and where the request came from; see <see cref="Read"/>.</summary>
    public static BearerToken? Of(HttpContext http) => Read(http.Request.Headers.Authorization) is not { } token
        ? null
        : token with
        {
            ClientAddress = http.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped
                ? mapped.MapToIPv4().ToString()
                : http.Connection.RemoteIpAddress?.ToString(),
            UserAgent = string.Concat(
                http.Request.Headers.UserAgent.ToString().Where(c => c is >= ' ' and <= '~').Take(MaxUserAgentLength)),
        };

    /// <summary>
    /// The token in a well-formed header, to look it up in the cache. It is not validated.
    /// </summary>
    public static ReadOnlySpan<char> Peek(StringValues header, out bool hasScheme)
    {
        hasScheme = false;
        if (header.Count != 1 || header[0] is not { } text)
            return default;
        hasScheme = text.StartsWith(Scheme + " ", StringComparison.OrdinalIgnoreCase);
        return hasScheme ? text.AsSpan(Scheme.Length + 1) : text;
    }

    /// <summary>The token; null if there is no header.</summary>
    /// <exception cref="ScimException">401: the header does not contain a well-formed bearer token.</exception>
    public static BearerToken? Read(StringValues header)
    {
        if (header.Count == 0)
            return null;
        var text = header[0]!.Trim();
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (header.Count == 1 && OtherScheme(words) is { } other)
            throw Missing($"The Authorization header uses the scheme {other}. SCIM requires Bearer and a token.");
        // Proxies join two headers with a comma (RFC 9110 §5.3).
        if (header.Count > 1 || text.Contains(", ", StringComparison.Ordinal))
            throw Malformed("The request has more than one Authorization header. Send only one.");

        var hasScheme = words is [var first, ..] && first.Equals(Scheme, StringComparison.OrdinalIgnoreCase);
        if (hasScheme)
            words = words[1..];

        return words switch
        {
            [] => throw Missing($"The Authorization header contains no token. {Remedy}"),
            [var again, ..] when again.Equals(Scheme, StringComparison.OrdinalIgnoreCase) => throw Malformed(
                "The Authorization header contains the word Bearer twice. Paste the token without it."),
            [var token] => new(Check(token), hasScheme),
            _ => throw Malformed($"The token contains spaces or line breaks. {Remedy}"),
        };
    }

    private static string Check(string token)
    {
        if (token.Contains("\\n", StringComparison.Ordinal) || token.Contains("\\r", StringComparison.Ordinal)
            || token.Contains("%0", StringComparison.Ordinal))
            throw Malformed($"The token contains line breaks. {Remedy}");
        if (token[0] is '"' or '\'' || token[^1] is '"' or '\'')
            throw Malformed($"The token has quotation marks around it. {Remedy}");
        if (!token.All(IsTokenCharacter))
            throw Malformed($"The token contains characters that a SciLeads token never contains. {Remedy}");
        if (token.Split('.').Length != 3)
            throw Malformed($"The token is incomplete: it must have three parts, separated by dots. {Remedy}");
        return token;
    }

    private static ScimException Malformed(string detail) =>
        new(ScimError.Unauthorized(detail, TokenErrors.InvalidToken));

    // Basic is followed by one more word, other schemes by a list of parameters (RFC 9110 §11.4).
    private static string? OtherScheme(string[] words) =>
        words is [var scheme, var first, ..]
        && !scheme.Equals(Scheme, StringComparison.OrdinalIgnoreCase)
        && IsWord(scheme)
        && (words.Length == 2 || first.Contains('=', StringComparison.Ordinal))
            ? scheme
            : null;

    private static ScimException Missing(string detail) => new(TokenErrors.Missing(detail));

    private static bool IsWord(string text) => text.Length <= 20 && text.All(char.IsAsciiLetter);

    // Base64url and the dots between its parts (RFC 7515 §3.1).
    private static bool IsTokenCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';
}
