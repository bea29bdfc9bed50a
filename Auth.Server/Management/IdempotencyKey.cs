using System.Security.Cryptography;
using System.Text;

namespace Auth.Server.Management;

/// <summary>
/// The key under which a caller can retry a request, and a hash that identifies the
/// request (draft-ietf-httpapi-idempotency-key-header).
/// </summary>
internal sealed record IdempotencyKey(Caller Caller, string Key, string Hash)
{
    public const string Header = "Idempotency-Key";
    public const int MaxLength = 100;

    /// <summary>Reads the header: a string in quotes, as in the draft, or without quotes.</summary>
    /// <exception cref="ProblemException">The header is missing, or its value is not a valid key (400).</exception>
    public static IdempotencyKey Read(HttpRequest request, Caller caller, ReadOnlySpan<byte> body)
    {
        var values = request.Headers[Header];
        if (values.Count == 0)
        {
            throw ProblemException.Invalid(
                $"The header {Header} is missing. It allows you to retry a request whose response was lost.");
        }
        var key = values.ToString();
        if (key is ['"', .. var quoted, '"'])
            key = quoted;
        if (key.Length is 0 or > MaxLength
            || !key.All(character => character is > ' ' and < '\x7f' and not '"' and not ','))
        {
            throw ProblemException.Invalid(
                $"{Header} must have 1 to {MaxLength} printable ASCII characters, without spaces, commas and quotes.");
        }
        var hash = SHA256.HashData([.. Encoding.UTF8.GetBytes($"{request.Method} {request.Path}\n"), .. body]);
        return new(caller, key, Convert.ToHexStringLower(hash));
    }
}
