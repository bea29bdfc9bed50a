using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Patching;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// Reads filters and PATCH paths by the grammars of RFC 7644 §3.4.2.2 and §3.5.2, in one pass:
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

    private readonly FilterText text;
    private AttributeLookup? find;
    private AttributeLookup shown = Excerpt.Find;
    private int depth;
    private bool insideBrackets;

    private FilterParser(FilterText text, AttributeLookup? find) => (this.text, this.find) = (text, find);

    public static Filter ParseFilter(string filter, AttributeLookup? find)
    {
        var text = new FilterText(filter, MaxLength, ScimError.InvalidFilter);
        var parsed = new FilterParser(text, find).ParseOr();
        text.ExpectEnd();
        return parsed;
    }

    public static PatchPath ParsePath(string path)
    {
        var text = new FilterText(path, MaxPathLength, ScimError.InvalidPath);
        var parser = new FilterParser(text, find: null);
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
        var attribute = ParseAttributePath();
        if (!text.Accept('['))
            return ParseComparison(attribute);

        var inner = ParseBrackets(attribute);
        // Entra ID compares emails[type eq "work"].value; the RFC writes emails[type eq "work" and value eq …].
        return text.Accept('.')
            ? new Filter.ValuePath(attribute, new Filter.And(inner, ParseComparison(new(null, ParseSubAttribute()))))
            : new Filter.ValuePath(attribute, inner);
    }

    // The opening bracket is read.
    private Filter ParseBrackets(AttributePath attribute)
    {
        if (insideBrackets)
            throw text.Wrong("a value path cannot be inside another");
        var outside = find;
        find = outside?.Invoke(attribute)?.Attribute is { } complex ? complex.FindInside : null;
        shown = shown(attribute)?.Attribute is { } known ? known.FindInside : Excerpt.FindNothing;
        insideBrackets = true;
        var filter = ParseUntil(']');
        insideBrackets = false;
        (find, shown) = (outside, Excerpt.Find);
        return filter;
    }

    private Filter ParseUntil(char end)
    {
        if (++depth > MaxDepth)
            throw text.Wrong($"the expression is nested more than {MaxDepth} deep");
        var filter = ParseOr();
        text.SkipSpaces();
        text.Expect(end);
        depth--;
        return filter;
    }

    private Filter ParseComparison(AttributePath attribute)
    {
        var start = text.SkipSpaces();
        var word = text.ReadWord();
        if (word.Equals("pr", StringComparison.OrdinalIgnoreCase))
            return new Filter.Present(attribute);
        if (Operators.TryGetValue(word, out var operation))
            return new Filter.Comparison(attribute, operation, text.ReadLiteral(MayQuote(attribute)));
        text.Position = start;
        throw text.Wrong(word.Length == 0
            ? "an operator is missing (eq, ne, co, sw, ew, gt, ge, lt, le or pr)"
            : (MayQuote(attribute) ? Excerpt.OfName(word) : "this word")
                + " is no operator; there are eq, ne, co, sw, ew, gt, ge, lt, le and pr");
    }

    // What stands beside an attribute that no schema knows, or that is secret, may be a secret.
    private bool MayQuote(AttributePath attribute) => shown(attribute) is { IsSecret: false };

    private AttributePath ParseAttributePath()
    {
        var start = text.Position;
        var word = text.ReadWord();
        if (AttributePath.TryParse(word, out var path) && (find is null || find(path) is { Attribute: not null }))
            return path;
        text.Position = start;
        if (path is not null)
            throw text.Wrong($"{Excerpt.OfName(path)} is not an attribute that is known here");
        throw text.Wrong(word.Length == 0
            ? "the name of an attribute is missing"
            : $"{Excerpt.OfName(word)} is no name of an attribute");
    }

    private string ParseSubAttribute()
    {
        var start = text.Position;
        var word = text.ReadWord();
        if (AttributePath.TryParse(word, out var path) && path is { Schema: null, Sub: null })
            return path.Name;
        text.Position = start;
        throw text.Wrong($"{Excerpt.OfName(word)} is no name of a sub-attribute");
    }
}
