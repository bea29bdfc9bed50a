using Microsoft.Extensions.Primitives;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Tokens;

/// <summary>
/// The token of an <c>Authorization</c> header (RFC 6750 §2.1), and whether the word <c>Bearer</c> was before it. What
/// a bad paste does to a token is told apart, because an administrator can mend it.
/// </summary>
internal sealed record BearerToken(string Value, bool HasScheme)
{
    private const int MaxUserAgent = 300;
    private const string Scheme = "Bearer";
    private const string Remedy = "Copy the token again and paste it into the identity provider as it is.";

    /// <summary>The IP address that it came from.</summary>
    public string? ClientAddress { get; private init; }

    /// <summary>The <c>User-Agent</c> that it came with: printable ASCII, not all of a long one.</summary>
    public string? UserAgent { get; private init; }

    /// <summary>A request's token and where it came from; see <see cref="Read"/>.</summary>
    public static BearerToken? Of(HttpContext http) => Read(http.Request.Headers.Authorization) is not { } token
        ? null
        : token with
        {
            ClientAddress = http.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped
                ? mapped.MapToIPv4().ToString()
                : http.Connection.RemoteIpAddress?.ToString(),
            UserAgent = string.Concat(
                http.Request.Headers.UserAgent.ToString().Where(c => c is >= ' ' and <= '~').Take(MaxUserAgent)),
        };

    /// <summary>
    /// What a header that is well formed holds, for comparison with tokens that were taken before; anything may stand in
    /// it, and nothing is said against it.
    /// </summary>
    public static ReadOnlySpan<char> Peek(StringValues header, out bool hasScheme)
    {
        hasScheme = false;
        if (header.Count != 1 || header[0] is not { } text)
            return default;
        hasScheme = text.StartsWith(Scheme + " ", StringComparison.OrdinalIgnoreCase);
        return hasScheme ? text.AsSpan(Scheme.Length + 1) : text;
    }

    /// <summary>Null if there is no header; a <see cref="ScimException"/> if there is no token in it.</summary>
    public static BearerToken? Read(StringValues header)
    {
        if (header.Count == 0)
            return null;
        var text = header[0]!.Trim();
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (header.Count == 1 && OtherScheme(words) is { } other)
            throw NotShown($"The Authorization header uses the scheme {other}. SCIM takes Bearer and a token.");
        // Proxies join two headers with a comma (RFC 9110 §5.3).
        if (header.Count > 1 || text.Contains(", ", StringComparison.Ordinal))
            throw Malformed("The request has more than one Authorization header. Send one.");

        var hasScheme = words is [var first, ..] && first.Equals(Scheme, StringComparison.OrdinalIgnoreCase);
        if (hasScheme)
            words = words[1..];

        return words switch
        {
            [] => throw NotShown($"The Authorization header holds no token. {Remedy}"),
            [var again, ..] when again.Equals(Scheme, StringComparison.OrdinalIgnoreCase) => throw Malformed(
                "The word Bearer stands twice in the Authorization header. Paste the token without it."),
            [var token] => new(Checked(token), hasScheme),
            _ => throw Malformed($"The token has spaces or line breaks in it. {Remedy}"),
        };
    }

    private static string Checked(string token)
    {
        if (token.Contains("\\n", StringComparison.Ordinal) || token.Contains("\\r", StringComparison.Ordinal)
            || token.Contains("%0", StringComparison.Ordinal))
            throw Malformed($"The token has line breaks in it. {Remedy}");
        if (token[0] is '"' or '\'' || token[^1] is '"' or '\'')
            throw Malformed($"The token has quotation marks around it. {Remedy}");
        if (!token.All(IsTokenCharacter))
            throw Malformed($"The token has characters in it that no token of SciLeads has. {Remedy}");
        if (token.Split('.').Length != 3)
            throw Malformed($"The token is not whole: it must have three parts with a dot between them. {Remedy}");
        return token;
    }

    private static ScimException Malformed(string detail) =>
        new(ScimError.Unauthorized(detail, Challenges.InvalidToken));

    // Basic has one more word, others a list of parameters (RFC 9110 §11.4).
    private static string? OtherScheme(string[] words) =>
        words is [var scheme, var first, ..]
        && !scheme.Equals(Scheme, StringComparison.OrdinalIgnoreCase)
        && IsWord(scheme)
        && (words.Length == 2 || first.Contains('=', StringComparison.Ordinal))
            ? scheme
            : null;

    private static ScimException NotShown(string detail) => new(TokenErrors.NotShown(detail));

    private static bool IsWord(string text) => text.Length <= 20 && text.All(char.IsAsciiLetter);

    // Base64url and the dots between its parts (RFC 7515 §3.1).
    private static bool IsTokenCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';
}
