using System.Security.Cryptography;
using System.Text;

namespace Auth.Server.Management;

/// <summary>
/// Under which key a caller sends a request that it may have to send again, and which request it is
/// (draft-ietf-httpapi-idempotency-key-header).
/// </summary>
internal sealed record IdempotencyKey(Caller Caller, string Key, string Hash)
{
    public const string Header = "Idempotency-Key";
    public const int MaxLength = 100;

    /// <summary>Reads the header: a string in quotes, as the draft has it, or without.</summary>
    /// <exception cref="ProblemException">There is none, or it is no key (400).</exception>
    public static IdempotencyKey Read(HttpRequest request, Caller caller, ReadOnlySpan<byte> body)
    {
        var values = request.Headers[Header];
        if (values.Count == 0)
        {
            throw ProblemException.Invalid(
                $"The header {Header} is missing. With it, a request whose answer was lost can be sent again.");
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
