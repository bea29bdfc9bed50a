using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>A filter (RFC 7644 §3.4.2.2) as a tree, which prints itself as text again.</summary>
internal abstract record Filter
{
    private Filter()
    {
    }

    /// <summary>
    /// Reads a filter; one that is wrong is <c>invalidFilter</c>, saying where. So is a name that
    /// <paramref name="find"/> does not know, if it is given.
    /// </summary>
    public static Filter Parse(string text, AttributeLookup? find = null) => FilterParser.ParseFilter(text, find);

    /// <summary>How many comparisons the filter is made of.</summary>
    public int Conditions => this switch
    {
        And(var left, var right) => left.Conditions + right.Conditions,
        Or(var left, var right) => left.Conditions + right.Conditions,
        Not(var inner) => inner.Conditions,
        ValuePath(_, var inner) => inner.Conditions,
        _ => 1,
    };

    /// <summary>
    /// Puts into an object what the filter asks of it, if it is equality and nothing else; then the object matches.
    /// </summary>
    public bool Seed(JsonObject made)
    {
        switch (this)
        {
            case And(var left, var right):
                return left.Seed(made) && right.Seed(made);
            case Comparison { Attribute: { Schema: null, Sub: null }, Operator: FilterOperator.Eq } equal:
                return made.TryAdd(equal.Attribute.Name, JsonSerializer.SerializeToNode(equal.Value));
            default:
                return false;
        }
    }

    /// <summary><c>userName eq "bjensen"</c>. The value is a JSON literal, as the grammar says.</summary>
    public sealed record Comparison(AttributePath Attribute, FilterOperator Operator, JsonElement Value) : Filter
    {
        /// <summary>The operator as it is written: <c>eq</c>.</summary>
        public string Word => Operator.ToString().ToLowerInvariant();

        /// <summary>A comparison with null says whether there is a value: <c>eq null</c> is <c>not pr</c>.</summary>
        public Filter AsPresence() => Operator switch
        {
            FilterOperator.Eq => new Not(new Present(Attribute)),
            FilterOperator.Ne => new Present(Attribute),
            _ => throw new ScimException(
                ScimError.InvalidFilter($"{Excerpt.Of(ToString())}: null can only be compared by eq and ne.")),
        };

        public override string ToString() => $"{Attribute} {Word} {Value.GetRawText()}";
    }

    /// <summary><c>title pr</c></summary>
    public sealed record Present(AttributePath Attribute) : Filter
    {
        public override string ToString() => $"{Attribute} pr";
    }

    /// <summary><c>emails[type eq "work"]</c>: one value of the attribute fulfils the inner filter.</summary>
    public sealed record ValuePath(AttributePath Attribute, Filter Inner) : Filter
    {
        public override string ToString() => $"{Attribute}[{Inner}]";
    }

    /// <summary>Both hold.</summary>
    public sealed record And(Filter Left, Filter Right) : Filter
    {
        public override string ToString() => $"({Left} and {Right})";
    }

    /// <summary>At least one holds.</summary>
    public sealed record Or(Filter Left, Filter Right) : Filter
    {
        public override string ToString() => $"({Left} or {Right})";
    }

    /// <summary>The inner filter does not hold.</summary>
    public sealed record Not(Filter Inner) : Filter
    {
        public override string ToString() => Inner is And or Or ? $"not {Inner}" : $"not ({Inner})";
    }
}

/// <summary>The comparison operators of RFC 7644, table 3.</summary>
internal enum FilterOperator
{
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}
