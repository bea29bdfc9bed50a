using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Primitives;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// The body of a request: one JSON object in UTF-8. Names are case-insensitive (RFC 7643 §2.1), so an object with the
/// same name in two spellings is refused. So are strings that cannot be stored, which contain U+0000 or a lone
/// surrogate. <paramref name="AsSent"/> may still contain such strings, as <c>"\0"</c>, because they must not stop a
/// request that deactivates a user.
/// </summary>
internal sealed record RequestBody(JsonObject AsSent, bool IsStorable)
{
    public const int MaxLength = 1024 * 1024;

    private const int MaxDepth = 32;

    /// <summary>The object. All its strings can be stored, otherwise the request is refused.</summary>
    public JsonObject Json => IsStorable ? AsSent : throw new ScimException(Unstorable());

    /// <summary>Binds an endpoint's parameter.</summary>
    public static async ValueTask<RequestBody> BindAsync(HttpContext context)
    {
        if (!MediaTypes.IsAccepted(context.Request.ContentType))
            throw new ScimException(new ScimError(
                415,
                null,
                $"The body must be {MediaTypes.Scim} or {MediaTypes.Json}, not {context.Request.ContentType}."));
        if (MediaTypes.CharsetOtherThanUtf8(context.Request.ContentType) is { } charset)
            throw new ScimException(new ScimError(
                415, null,
                $"The body must be in UTF-8, like all JSON (RFC 8259 §8.1), not in {Excerpt.Cut(charset)}."));
        CheckCodings(context.Request.Headers);
        var bytes = await ReadAll(context.Request, context.Features.Get<LargeMessage>(), context.RequestAborted);
        return Read(bytes);
    }

    /// <summary>Parses a string under the rules for bodies; null if it is not an acceptable object.</summary>
    public static JsonObject? TryParse(string text)
    {
        try
        {
            return Parse(Encoding.UTF8.GetBytes(text));
        }
        catch (ScimException)
        {
            return null;
        }
    }

    public static JsonObject Parse(ReadOnlySpan<byte> utf8) => Read(utf8).Json;

    /// <summary>The error for a body with a string that cannot be stored.</summary>
    public static ScimError Unstorable() => Invalid("a string in it contains U+0000 or is not valid Unicode");

    /// <summary>Whether a value, or anything inside it, is a string that cannot be stored.</summary>
    public static bool HasUnstorable(JsonNode? value) => value switch
    {
        JsonObject members => members.Any(member => HasUnstorable(member.Value)),
        JsonArray values => values.Any(HasUnstorable),
        _ => DocumentReader.Text(value)?.Contains('\0', StringComparison.Ordinal) == true,
    };

    private static RequestBody Read(ReadOnlySpan<byte> utf8)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        if (utf8.StartsWith(mark))
            utf8 = utf8[mark.Length..];
        try
        {
            var isStorable = Check(utf8);
            var json = JsonNode.Parse(
                utf8,
                new JsonNodeOptions { PropertyNameCaseInsensitive = true },
                new JsonDocumentOptions { MaxDepth = MaxDepth })
                as JsonObject ?? throw Wrong("it must be one JSON object");
            if (!isStorable)
                ReplaceUnreadable(json);
            return new RequestBody(json, isStorable);
        }
        catch (JsonException invalid)
        {
            throw Wrong(invalid.LineNumber is { } line
                ? $"it is not well-formed JSON (line {line + 1}, byte {invalid.BytePositionInLine + 1})"
                : "it is not well-formed JSON");
        }
    }

    /// <summary>Refuses a compressed body (RFC 9110 §8.4) and an unsupported transfer coding (RFC 9112 §6.1).</summary>
    private static void CheckCodings(IHeaderDictionary headers)
    {
        if (Codings(headers.ContentEncoding).FirstOrDefault(coding => !Is(coding, "identity")) is { } content)
            throw new ScimException(
                new ScimError(415, null, $"The body must not be compressed or encoded, but it is {content}.")
                {
                    AcceptEncoding = "identity",
                });
        if (Codings(headers.TransferEncoding).FirstOrDefault(coding => !Is(coding, "chunked")) is { } transfer)
            throw new ScimException(ScimError.NotImplemented($"The transfer coding {transfer} is not supported."));

        static IEnumerable<string> Codings(StringValues header) => header
            .SelectMany(line => (line ?? "").Split(
                ',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

        static bool Is(string coding, string name) => coding.Equals(name, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Refuses malformed JSON; returns whether all strings in it can be stored.</summary>
    private static bool Check(ReadOnlySpan<byte> utf8)
    {
        var isStorable = true;
        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        var objects = new Stack<HashSet<string>>();
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    objects.Push(new(StringComparer.OrdinalIgnoreCase));
                    break;
                case JsonTokenType.EndObject:
                    objects.Pop();
                    break;
                case JsonTokenType.PropertyName:
                    var name = Text(ref reader) ?? throw new ScimException(Unstorable());
                    if (!objects.Peek().Add(name))
                        throw Wrong($"the name {Excerpt.OfName(name)} occurs twice in an object");
                    break;
                case JsonTokenType.String:
                    isStorable &= Text(ref reader) is not null;
                    break;
            }
        }
        return isStorable;
    }

    /// <summary>A string; null if it cannot be stored.</summary>
    private static string? Text(ref Utf8JsonReader reader)
    {
        try
        {
            var text = reader.GetString()!;
            return text.Contains('\0', StringComparison.Ordinal) ? null : text;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Replaces strings with a lone surrogate, which .NET cannot even read, by <c>"\0"</c>.</summary>
    private static void ReplaceUnreadable(JsonNode? json)
    {
        if (json is JsonObject members)
            foreach (var (name, value) in members.ToList())
            {
                if (IsUnreadable(value))
                    members[name] = "\0";
                else
                    ReplaceUnreadable(value);
            }
        else if (json is JsonArray values)
            for (var i = 0; i < values.Count; i++)
            {
                if (IsUnreadable(values[i]))
                    values[i] = "\0";
                else
                    ReplaceUnreadable(values[i]);
            }
    }

    private static bool IsUnreadable(JsonNode? value)
    {
        try
        {
            DocumentReader.Text(value);
            return false;
        }
        catch (InvalidOperationException)
        {
            return true;
        }
    }

    private static async Task<byte[]> ReadAll(
        HttpRequest request, LargeMessage? message, CancellationToken cancellation)
    {
        if (request.ContentLength > MaxLength)
            throw TooLarge();
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellation);
            if (Math.Max(read.Buffer.Length, request.ContentLength ?? 0) > LargeMessages.FreeBytes
                && message is not null)
                await message.TakeSlot(cancellation);
            if (read.Buffer.Length > MaxLength)
            {
                // Consume it, so that the server can read on to the end of the body.
                request.BodyReader.AdvanceTo(read.Buffer.End);
                throw TooLarge();
            }
            if (read.IsCompleted)
            {
                var bytes = read.Buffer.ToArray();
                // Consume the whole body, so that the connection can be reused.
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return bytes;
            }
            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static ScimException TooLarge() =>
        new(new ScimError(413, null, $"The body is larger than {MaxLength} bytes, which is the limit."));

    private static ScimException Wrong(string what) => new(Invalid(what));

    private static ScimError Invalid(string what) => ScimError.InvalidSyntax($"The body cannot be read: {what}.");
}
