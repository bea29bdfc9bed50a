using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// A filter whose names are bound to attributes of a schema and whose values are read by their types, so that whatever
/// evaluates it looks up no names. Inside a value path, the attributes are those of one of its values. A comparison
/// with null is <see cref="Present"/> or the opposite of it.
/// </summary>
internal abstract record BoundFilter
{
    private BoundFilter()
    {
    }

    /// <summary>
    /// Reads a filter and binds its names to the attributes that <paramref name="find"/> knows. Whatever is wrong with
    /// it is <c>invalidFilter</c>.
    /// </summary>
    public static BoundFilter Parse(string text, AttributeLookup find) => Filter.Parse(text).Bind(find, text);

    /// <summary>How many comparisons the filter is made of.</summary>
    public int Conditions => this switch
    {
        And(var left, var right) => left.Conditions + right.Conditions,
        Or(var left, var right) => left.Conditions + right.Conditions,
        Not(var inner) => inner.Conditions,
        ValuePath(_, var inner) => inner.Conditions,
        _ => 1,
    };

    /// <summary>One of the attribute's values fulfils the comparison.</summary>
    public sealed record Comparison(AttributeTarget Target, FilterLiteral Literal) : BoundFilter;

    /// <summary>The attribute has a value.</summary>
    public sealed record Present(AttributeTarget Target) : BoundFilter;

    /// <summary>One value of the complex attribute fulfils the inner filter.</summary>
    public sealed record ValuePath(AttributeTarget Target, BoundFilter Inner) : BoundFilter;

    /// <summary>Both hold.</summary>
    public sealed record And(BoundFilter Left, BoundFilter Right) : BoundFilter;

    /// <summary>At least one holds.</summary>
    public sealed record Or(BoundFilter Left, BoundFilter Right) : BoundFilter;

    /// <summary>The inner filter does not hold.</summary>
    public sealed record Not(BoundFilter Inner) : BoundFilter;
}
