using System.Text.Json;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// Reads filters and PATCH paths by the grammars of RFC 7644 §3.4.2.2 and §3.5.2, in one pass:
/// <code>
/// filter    = conjunction *( SP "or" SP conjunction )
/// conjunction = term *( SP "and" SP term )
/// term      = "not" "(" filter ")" / "(" filter ")" / expression
/// expression = attrPath "[" filter "]" [ subAttr SP comparison ] / attrPath SP comparison
/// comparison = "pr" / compareOp SP compValue
/// path      = attrPath / attrPath "[" filter "]" [ subAttr ]
/// </code>
/// </summary>
internal sealed class FilterParser
{
    public const int MaxLength = 8000;
    public const int MaxPathLength = 500;
    public const int MaxDepth = 30;

    private static readonly Dictionary<string, FilterOperator> Operators =
        Enum.GetValues<FilterOperator>().ToDictionary(o => o.ToString(), StringComparer.OrdinalIgnoreCase);

    private readonly string text;
    private readonly Func<string, ScimError> error;
    private int position;
    private int depth;
    private bool insideBrackets;

    private FilterParser(string text, int maxLength, Func<string, ScimError> error)
    {
        this.text = text;
        this.error = error;
        if (text.Length > maxLength)
            throw new ScimException(error($"It has {text.Length} characters; at most {maxLength} are possible."));
    }

    public static Filter ParseFilter(string text)
    {
        var parser = new FilterParser(text, MaxLength, ScimError.InvalidFilter);
        var filter = parser.ParseOr();
        parser.ExpectEnd();
        return filter;
    }

    public static PatchPath ParsePath(string text)
    {
        var parser = new FilterParser(text, MaxPathLength, ScimError.InvalidPath);
        parser.SkipSpaces();
        var attribute = parser.ParseAttributePath();
        var filter = parser.Accept('[') ? parser.ParseBrackets() : null;
        var sub = filter is not null && parser.Accept('.') ? parser.ParseSubAttribute() : null;
        parser.ExpectEnd();
        return new PatchPath(attribute, filter, sub);
    }

    private Filter ParseOr()
    {
        var filter = ParseAnd();
        while (AcceptWord("or"))
            filter = new Filter.Or(filter, ParseAnd());
        return filter;
    }

    private Filter ParseAnd()
    {
        var filter = ParseTerm();
        while (AcceptWord("and"))
            filter = new Filter.And(filter, ParseTerm());
        return filter;
    }

    private Filter ParseTerm()
    {
        SkipSpaces();
        if (AcceptNot())
            return new Filter.Not(ParseGroup());
        return position < text.Length && text[position] == '(' ? ParseGroup() : ParseExpression();
    }

    private Filter ParseGroup()
    {
        Expect('(');
        Descend();
        var filter = ParseOr();
        SkipSpaces();
        Expect(')');
        depth--;
        return filter;
    }

    private Filter ParseExpression()
    {
        var attribute = ParseAttributePath();
        if (!Accept('['))
            return ParseComparison(attribute);

        var inner = ParseBrackets();
        // Entra ID compares emails[type eq "work"].value; the RFC writes emails[type eq "work" and value eq …].
        return Accept('.')
            ? new Filter.ValuePath(attribute, new Filter.And(inner, ParseComparison(new(null, ParseSubAttribute()))))
            : new Filter.ValuePath(attribute, inner);
    }

    // The opening bracket is read.
    private Filter ParseBrackets()
    {
        if (insideBrackets)
            throw Wrong("a value path cannot be inside another");
        insideBrackets = true;
        Descend();
        var filter = ParseOr();
        SkipSpaces();
        Expect(']');
        depth--;
        insideBrackets = false;
        return filter;
    }

    private Filter ParseComparison(AttributePath attribute)
    {
        var start = SkipSpaces();
        var word = ReadWord();
        if (word.Equals("pr", StringComparison.OrdinalIgnoreCase))
            return new Filter.Present(attribute);
        if (!Operators.TryGetValue(word, out var operation))
        {
            position = start;
            throw Wrong(word.Length == 0
                ? "an operator is missing (eq, ne, co, sw, ew, gt, ge, lt, le or pr)"
                : $"\"{word}\" is no operator; there are eq, ne, co, sw, ew, gt, ge, lt, le and pr");
        }
        return new Filter.Comparison(attribute, operation, ParseLiteral());
    }

    private AttributePath ParseAttributePath()
    {
        var start = position;
        var word = ReadWord();
        if (AttributePath.TryParse(word, out var path))
            return path;
        position = start;
        throw Wrong(word.Length == 0 ? "the name of an attribute is missing" : $"\"{word}\" is no name of an attribute");
    }

    private string ParseSubAttribute()
    {
        var start = position;
        var path = ParseAttributePath();
        if (path is { Schema: null, Sub: null })
            return path.Name;
        position = start;
        throw Wrong($"\"{path}\" is no name of a sub-attribute");
    }

    private JsonElement ParseLiteral()
    {
        var start = SkipSpaces();
        if (position < text.Length && text[position] == '"')
            SkipString();
        else
            ReadWord();
        var literal = text[start..position];
        try
        {
            // Words of JSON are lower case, but clients write them as their language does.
            var json = literal.ToLowerInvariant() is "true" or "false" or "null" ? literal.ToLowerInvariant() : literal;
            using var document = JsonDocument.Parse(json);
            var value = document.RootElement.Clone();
            if (value.ValueKind is JsonValueKind.Object || value.ValueKind is JsonValueKind.String && HasNul(value))
                throw new JsonException();
            return value;
        }
        catch (Exception invalid) when (invalid is JsonException or InvalidOperationException)
        {
            position = start;
            throw Wrong(literal.Length == 0
                ? "a value is missing"
                : $"{literal} is no value; a text stands in double quotes, otherwise it is a number, true, false or null");
        }
    }

    // A text that no attribute can have; reading it also finds lone surrogates.
    private static bool HasNul(JsonElement value) => value.GetString()!.Contains('\0', StringComparison.Ordinal);

    private void SkipString()
    {
        for (position++; position < text.Length && text[position] != '"'; position++)
        {
            if (text[position] == '\\')
                position++;
        }
        position = Math.Min(position + 1, text.Length);
    }

    private string ReadWord()
    {
        var start = position;
        while (position < text.Length && text[position] is not (' ' or '\t' or '(' or ')' or '[' or ']' or '"'))
            position++;
        return text[start..position];
    }

    private bool AcceptWord(string word)
    {
        var start = position;
        SkipSpaces();
        if (position > start
            && ReadWord().Equals(word, StringComparison.OrdinalIgnoreCase))
            return true;
        position = start;
        return false;
    }

    private bool AcceptNot()
    {
        var start = position;
        if (ReadWord().Equals("not", StringComparison.OrdinalIgnoreCase))
        {
            SkipSpaces();
            if (position < text.Length && text[position] == '(')
                return true;
        }
        position = start;
        return false;
    }

    private int SkipSpaces()
    {
        while (position < text.Length && text[position] is ' ' or '\t')
            position++;
        return position;
    }

    private bool Accept(char c)
    {
        if (position >= text.Length || text[position] != c)
            return false;
        position++;
        return true;
    }

    private void Expect(char c)
    {
        if (!Accept(c))
            throw Wrong($"{c} is missing");
    }

    private void ExpectEnd()
    {
        SkipSpaces();
        if (position < text.Length)
            throw Wrong($"\"{Excerpt(text[position..])}\" cannot stand here");
    }

    private void Descend()
    {
        if (++depth > MaxDepth)
            throw Wrong($"the expression is nested more than {MaxDepth} deep");
    }

    private ScimException Wrong(string what) =>
        new(error($"At position {position + 1} of {Excerpt(text)}: {what}."));

    private static string Excerpt(string text) => text.Length <= 200 ? text : text[..200] + "…";
}
