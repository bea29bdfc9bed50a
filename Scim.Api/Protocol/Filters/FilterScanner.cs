using System.Text.Json;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol.Filters;

/// <summary>Scans the text of a filter or a path, word by word from left to right.</summary>
internal sealed class FilterScanner
{
    private readonly string text;
    private readonly Func<string, ScimError> error;

    public FilterScanner(string text, int maxLength, Func<string, ScimError> error)
    {
        this.text = text;
        this.error = error;
        if (text.Length > maxLength)
            throw new ScimException(error($"It has {text.Length} characters; at most {maxLength} are allowed."));
    }

    public int Position { get; set; }

    public bool IsAt(char c) => Position < text.Length && text[Position] == c;

    public bool Accept(char c)
    {
        if (!IsAt(c))
            return false;
        Position++;
        return true;
    }

    public void Expect(char c)
    {
        if (!Accept(c))
            throw Wrong($"{c} is missing");
    }

    public void ExpectEnd()
    {
        SkipSpaces();
        if (Position < text.Length)
            throw Wrong($"\"{Excerpt.Of(text[Position..])}\" is not expected here");
    }

    public int SkipSpaces()
    {
        while (IsAt(' ') || IsAt('\t'))
            Position++;
        return Position;
    }

    public string ReadWord()
    {
        var start = Position;
        while (Position < text.Length && text[Position] is not (' ' or '\t' or '(' or ')' or '[' or ']' or '"'))
            Position++;
        return text[start..Position];
    }

    /// <summary>Accepts a keyword, in any letter case, after a space.</summary>
    public bool AcceptWord(string word)
    {
        var start = Position;
        if (SkipSpaces() > start && ReadWord().Equals(word, StringComparison.OrdinalIgnoreCase))
            return true;
        Position = start;
        return false;
    }

    /// <summary>Accepts <c>not</c> if a group follows; otherwise it is an attribute name.</summary>
    public bool AcceptNot()
    {
        var start = Position;
        if (ReadWord().Equals("not", StringComparison.OrdinalIgnoreCase))
        {
            SkipSpaces();
            if (IsAt('('))
                return true;
        }
        Position = start;
        return false;
    }

    /// <summary>
    /// Reads a JSON literal: a quoted string, a number, true, false or null. An error quotes an invalid one if
    /// <paramref name="mayQuote"/> confirms that it is not a secret.
    /// </summary>
    public JsonElement ReadLiteral(Func<bool> mayQuote)
    {
        var start = SkipSpaces();
        if (IsAt('"'))
            SkipString();
        else
            ReadWord();
        var literal = text[start..Position];
        // JSON requires lower case, but clients write True and False as their language does.
        if (literal.ToLowerInvariant() is "true" or "false" or "null")
            literal = literal.ToLowerInvariant();
        if (Parse(literal) is { } value)
            return value;
        Position = start;
        throw Wrong(literal.Length == 0
            ? "a value is missing"
            : $"{(mayQuote() ? Excerpt.Cut(literal) : "this")} is not a value; use a string in double quotes, "
                + "a number, true, false or null");
    }

    public ScimException Wrong(string what) => new(error(At(Position, text, what)));

    /// <summary>Describes an error at a position of a text.</summary>
    public static string At(int position, string text, string what) =>
        $"At position {position + 1} of {Excerpt.Of(text)}: {what}.";

    private static JsonElement? Parse(string literal)
    {
        try
        {
            using var document = JsonDocument.Parse(literal);
            var value = document.RootElement.Clone();
            return value.ValueKind == JsonValueKind.Object || (value.ValueKind == JsonValueKind.String && HasNul(value))
                ? null
                : value;
        }
        catch (Exception invalid) when (invalid is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    // No attribute can have such a string. GetString also fails on lone surrogates.
    private static bool HasNul(JsonElement value) => value.GetString()!.Contains('\0', StringComparison.Ordinal);

    private void SkipString()
    {
        for (Position++; Position < text.Length && text[Position] != '"'; Position++)
        {
            if (text[Position] == '\\')
                Position++;
        }
        Position = Math.Min(Position + 1, text.Length);
    }
}
