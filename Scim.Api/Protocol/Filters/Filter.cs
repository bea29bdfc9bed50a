using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>The syntax tree of a filter (RFC 7644 §3.4.2.2). <c>ToString</c> returns the filter as text.</summary>
internal abstract record Filter
{
    private Filter()
    {
    }

    /// <summary>The index in the text that the filter was read from; null if it was not read from one.</summary>
    public int? Position { get; init; }

    /// <summary>Reads a filter; a malformed one is <c>invalidFilter</c>, naming the position.</summary>
    public static Filter Parse(string text) => FilterParser.ParseFilter(text);

    /// <summary>
    /// Binds the names to the attributes that <paramref name="find"/> knows. An unknown one is <c>invalidFilter</c>,
    /// with its position if the <paramref name="text"/> is given.
    /// </summary>
    public BoundFilter Bind(AttributeLookup find, string? text = null) => new FilterBinder(find, text).Bind(this);

    /// <summary>
    /// Binds a filter over several resource types (RFC 7644 §3.4.2.1) to one of them: an attribute that this type does
    /// not have has no value.
    /// </summary>
    public BoundFilter BindAmongTypes(AttributeLookup find, string text) =>
        new FilterBinder(find, text, isAmongTypes: true).Bind(this);

    /// <summary>The number of comparisons in the filter.</summary>
    public int Conditions => this switch
    {
        And(var left, var right) => left.Conditions + right.Conditions,
        Or(var left, var right) => left.Conditions + right.Conditions,
        Not(var inner) => inner.Conditions,
        ValuePath(_, var inner) => inner.Conditions,
        _ => 1,
    };

    /// <summary>
    /// If the filter consists of equality comparisons only, sets their values in an object, which then matches.
    /// </summary>
    public bool Seed(JsonObject target)
    {
        switch (this)
        {
            case And(var left, var right):
                return left.Seed(target) && right.Seed(target);
            case Comparison { Attribute: { Schema: null, Sub: null }, Operator: FilterOperator.Eq } equal:
                return target.TryAdd(equal.Attribute.Name, JsonSerializer.SerializeToNode(equal.Value));
            default:
                return false;
        }
    }

    /// <summary><c>userName eq "bjensen"</c>. The value is a JSON literal.</summary>
    public sealed record Comparison(AttributePath Attribute, FilterOperator Operator, JsonElement Value) : Filter
    {
        public override string ToString() => $"{Attribute} {Operator.Word()} {Value.GetRawText()}";
    }

    /// <summary><c>title pr</c></summary>
    public sealed record Present(AttributePath Attribute) : Filter
    {
        public override string ToString() => $"{Attribute} pr";
    }

    /// <summary><c>emails[type eq "work"]</c>: one value of the attribute matches the inner filter.</summary>
    public sealed record ValuePath(AttributePath Attribute, Filter Inner) : Filter
    {
        public override string ToString() => $"{Attribute}[{Inner}]";
    }

    /// <summary>Both filters match.</summary>
    public sealed record And(Filter Left, Filter Right) : Filter
    {
        public override string ToString() => $"({Left} and {Right})";
    }

    /// <summary>At least one filter matches.</summary>
    public sealed record Or(Filter Left, Filter Right) : Filter
    {
        public override string ToString() => $"({Left} or {Right})";
    }

    /// <summary>The inner filter does not match.</summary>
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

/// <summary>The operators as they are written in a filter.</summary>
internal static class FilterOperators
{
    public static string Word(this FilterOperator comparison) => comparison.ToString().ToLowerInvariant();
}
