using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// Parses filters and PATCH paths by the grammars of RFC 7644 §3.4.2.2 and §3.5.2, in one pass:
/// <code>
/// filter      = conjunction *( SP "or" SP conjunction )
/// conjunction = term *( SP "and" SP term )
/// term        = "not" "(" filter ")" / "(" filter ")" / expression
/// expression  = attrPath "[" filter "]" [ subAttr SP comparison ] / attrPath SP comparison
/// comparison  = "pr" / compareOp SP compValue
/// path        = attrPath / attrPath "[" filter "]" [ subAttr ]
/// </code>
/// </summary>
internal sealed class FilterParser
{
    public const int MaxLength = 8000;
    public const int MaxPathLength = 500;
    public const int MaxDepth = 30;

    private static readonly Dictionary<string, FilterOperator> Operators =
        Enum.GetValues<FilterOperator>().ToDictionary(o => o.ToString(), StringComparer.OrdinalIgnoreCase);

    private readonly FilterScanner text;
    private AttributePath? container;
    private int depth;

    private FilterParser(FilterScanner text) => this.text = text;

    public static Filter ParseFilter(string filter)
    {
        var text = new FilterScanner(filter, MaxLength, ScimError.InvalidFilter);
        var parsed = new FilterParser(text).ParseOr();
        text.ExpectEnd();
        return parsed;
    }

    public static PatchPath ParsePath(string path)
    {
        var text = new FilterScanner(path, MaxPathLength, ScimError.InvalidPath);
        var parser = new FilterParser(text);
        text.SkipSpaces();
        var attribute = parser.ParseAttributePath();
        var filter = text.Accept('[') ? parser.ParseBrackets(attribute) : null;
        var sub = filter is not null && text.Accept('.') ? parser.ParseSubAttribute() : null;
        text.ExpectEnd();
        return new PatchPath(attribute, filter, sub);
    }

    private Filter ParseOr()
    {
        var filter = ParseAnd();
        while (text.AcceptWord("or"))
            filter = new Filter.Or(filter, ParseAnd());
        return filter;
    }

    private Filter ParseAnd()
    {
        var filter = ParseTerm();
        while (text.AcceptWord("and"))
            filter = new Filter.And(filter, ParseTerm());
        return filter;
    }

    private Filter ParseTerm()
    {
        text.SkipSpaces();
        if (text.AcceptNot())
            return new Filter.Not(ParseGroup());
        return text.IsAt('(') ? ParseGroup() : ParseExpression();
    }

    private Filter ParseGroup()
    {
        text.Expect('(');
        return ParseUntil(')');
    }

    private Filter ParseExpression()
    {
        var position = text.Position;
        var attribute = ParseAttributePath();
        if (!text.Accept('['))
            return ParseComparison(attribute, position);

        var inner = ParseBrackets(attribute);
        if (text.Accept('.'))
        {
            // Entra ID compares emails[type eq "work"].value; in the RFC it is emails[type eq "work" and value eq …].
            var subPosition = text.Position;
            inner = new Filter.And(inner, ParseComparison(new(null, ParseSubAttribute()), subPosition));
        }
        return new Filter.ValuePath(attribute, inner) { Position = position };
    }

    // The opening bracket has been read.
    private Filter ParseBrackets(AttributePath attribute)
    {
        if (container is not null)
            throw text.Wrong("a value path cannot be inside another");
        container = attribute;
        var filter = ParseUntil(']');
        container = null;
        return filter;
    }

    private Filter ParseUntil(char end)
    {
        if (++depth > MaxDepth)
            throw text.Wrong($"the expression is nested more than {MaxDepth} levels deep");
        var filter = ParseOr();
        text.SkipSpaces();
        text.Expect(end);
        depth--;
        return filter;
    }

    private Filter ParseComparison(AttributePath attribute, int position)
    {
        var start = text.SkipSpaces();
        var word = text.ReadWord();
        if (word.Equals("pr", StringComparison.OrdinalIgnoreCase))
            return new Filter.Present(attribute) { Position = position };
        if (Operators.TryGetValue(word, out var operation))
        {
            var literal = text.ReadLiteral(() => MayQuote(attribute));
            return new Filter.Comparison(attribute, operation, literal) { Position = position };
        }
        text.Position = start;
        throw text.Wrong(word.Length == 0
            ? "an operator is missing (eq, ne, co, sw, ew, gt, ge, lt, le or pr)"
            : (MayQuote(attribute) ? Excerpt.OfName(word) : "this word")
                + " is not an operator; the operators are eq, ne, co, sw, ew, gt, ge, lt, le and pr");
    }

    // A value beside an attribute that is unknown or secret may be a secret.
    private bool MayQuote(AttributePath attribute) =>
        (container is null ? Excerpt.Find(attribute) : Excerpt.Find(container)?.Attribute?.FindSubTarget(attribute))
            is { IsSecret: false };

    private AttributePath ParseAttributePath()
    {
        var start = text.Position;
        var word = text.ReadWord();
        if (AttributePath.TryParse(word, out var path))
            return path;
        text.Position = start;
        throw text.Wrong(word.Length == 0
            ? "an attribute name is missing"
            : $"{Excerpt.OfName(word)} is not an attribute name");
    }

    private string ParseSubAttribute()
    {
        var start = text.Position;
        var word = text.ReadWord();
        if (AttributePath.TryParse(word, out var path) && path is { Schema: null, Sub: null })
            return path.Name;
        text.Position = start;
        throw text.Wrong($"{Excerpt.OfName(word)} is not the name of a sub-attribute");
    }
}
