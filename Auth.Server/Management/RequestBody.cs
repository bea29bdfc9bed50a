using System.Text.Json;
using System.Text.Unicode;

namespace Auth.Server.Management;

/// <summary>
/// Reads request bodies strictly: unknown members are refused, so that a misspelt one is not silently ignored.
/// </summary>
internal static class RequestBody
{
    private const int MaxBytes = 64 * 1024;

    private static readonly JsonSerializerOptions strict = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    /// <summary>The bytes of a body.</summary>
    /// <exception cref="ProblemException">The body is too large (413), or is compressed (415).</exception>
    public static async Task<byte[]> Read(HttpRequest request)
    {
        var codings = request.Headers.ContentEncoding.SelectMany(line => (line ?? "").Split(
            ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        if (codings.FirstOrDefault(one => !one.Equals("identity", StringComparison.OrdinalIgnoreCase)) is { } coding)
        {
            throw new ProblemException(
                StatusCodes.Status415UnsupportedMediaType,
                $"The body must not be compressed or encoded. Its Content-Encoding is {coding}.");
        }
        using var body = new MemoryStream();
        var part = new byte[4096];
        int count;
        while ((count = await request.Body.ReadAsync(part, request.HttpContext.RequestAborted)) > 0)
        {
            body.Write(part, 0, count);
            if (body.Length > MaxBytes)
            {
                throw new ProblemException(
                    StatusCodes.Status413PayloadTooLarge, $"The body is larger than {MaxBytes / 1024} KB.");
            }
        }
        return body.ToArray();
    }

    /// <summary>Parses a JSON body.</summary>
    /// <exception cref="ProblemException">The media type is not JSON (415), or the body is not valid (400).</exception>
    public static T Parse<T>(HttpRequest request, byte[] body)
    {
        if (!request.HasJsonContentType())
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType, "The body must be application/json.");
        // Otherwise, decoding could fail later, where no error is expected.
        if (!Utf8.IsValid(body))
            throw ProblemException.Invalid("The body is not valid UTF-8 (RFC 8259 §8.1).");
        try
        {
            return JsonSerializer.Deserialize<T>(body, strict)
                ?? throw ProblemException.Invalid("The body must be a JSON object, not null.");
        }
        catch (JsonException error)
        {
            throw ProblemException.Invalid(
                $"The body is not valid at {error.Path ?? "$"}: it is not JSON, a member is missing, repeated or "
                + "unknown, or its value has the wrong type. See the description of the API.");
        }
    }

    /// <summary>Refuses a body for a call that takes none.</summary>
    /// <exception cref="ProblemException">The body is neither empty nor an empty object (400).</exception>
    public static void RequireEmpty(byte[] body)
    {
        if (!body.AsSpan().Trim(" \t\r\n"u8).SequenceEqual("{}"u8) && body.Length > 0)
            throw ProblemException.Invalid("This call takes no body.");
    }
}
