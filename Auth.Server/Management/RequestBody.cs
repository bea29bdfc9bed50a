using System.Text.Json;
using System.Text.Unicode;

namespace Auth.Server.Management;

/// <summary>
/// Reads what a caller sends, word for word as the API's description has it: what is not known is refused, not ignored,
/// so that a misspelt wish does not silently go unfulfilled.
/// </summary>
internal static class RequestBody
{
    private const int MaxBytes = 64 * 1024;

    private static readonly JsonSerializerOptions strict = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
    };

    /// <summary>The bytes of a body.</summary>
    /// <exception cref="ProblemException">There are too many (413), or they are compressed (415).</exception>
    public static async Task<byte[]> Read(HttpRequest request)
    {
        var codings = request.Headers.ContentEncoding.SelectMany(line => (line ?? "").Split(
            ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        if (codings.FirstOrDefault(one => !one.Equals("identity", StringComparison.OrdinalIgnoreCase)) is { } coding)
            throw new ProblemException(
                StatusCodes.Status415UnsupportedMediaType,
                $"The body must not be compressed or encoded, as it is by {coding}.");
        using var body = new MemoryStream();
        var part = new byte[4096];
        int count;
        while ((count = await request.Body.ReadAsync(part, request.HttpContext.RequestAborted)) > 0)
        {
            body.Write(part, 0, count);
            if (body.Length > MaxBytes)
            {
                throw new ProblemException(
                    StatusCodes.Status413PayloadTooLarge, $"The body has more than {MaxBytes / 1024} kilobytes.");
            }
        }
        return body.ToArray();
    }

    /// <summary>A body as what it has to be.</summary>
    /// <exception cref="ProblemException">It is not JSON (415), or something else (400).</exception>
    public static T Parse<T>(HttpRequest request, byte[] body)
    {
        if (!request.HasJsonContentType())
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType, "The body must be application/json.");
        // What is not decoded here would be later, where nobody expects it to fail.
        if (!Utf8.IsValid(body))
            throw ProblemException.Invalid("The body is not text in UTF-8 (RFC 8259 §8.1).");
        try
        {
            return JsonSerializer.Deserialize<T>(body, strict)
                ?? throw ProblemException.Invalid("The body must be a JSON object, not null.");
        }
        catch (JsonException error)
        {
            throw ProblemException.Invalid(
                $"The body cannot be read at {error.Path ?? "$"}: it is no JSON, the member is missing, given twice "
                + "or not "
                + "known, or its value has another type than the API's description says.");
        }
    }

    /// <summary>Refuses what is sent to a call that takes nothing.</summary>
    /// <exception cref="ProblemException">There is a body that says something (400).</exception>
    public static void RequireNone(byte[] body)
    {
        if (!body.AsSpan().Trim(" \t\r\n"u8).SequenceEqual("{}"u8) && body.Length > 0)
            throw ProblemException.Invalid("This call takes no body.");
    }
}
