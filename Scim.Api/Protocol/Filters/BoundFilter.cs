using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// A filter whose names are bound to schema attributes and whose values are parsed by their types, so that nothing that
/// evaluates it looks up a name. Inside a value path, the attributes are sub-attributes. A comparison with null becomes
/// <see cref="Present"/> or its negation.
/// </summary>
internal abstract record BoundFilter
{
    private BoundFilter()
    {
    }

    /// <summary>
    /// Parses a filter and binds its names to the attributes that <paramref name="find"/> knows. Every error is
    /// <c>invalidFilter</c>.
    /// </summary>
    public static BoundFilter Parse(string text, AttributeLookup find) => Filter.Parse(text).Bind(find, text);

    /// <summary>The number of comparisons in the filter.</summary>
    public int Conditions => this switch
    {
        And(var left, var right) => left.Conditions + right.Conditions,
        Or(var left, var right) => left.Conditions + right.Conditions,
        Not(var inner) => inner.Conditions,
        ValuePath(_, var inner) => inner.Conditions,
        _ => 1,
    };

    /// <summary>A value of the attribute matches the literal.</summary>
    public sealed record Comparison(AttributeTarget Target, FilterLiteral Literal) : BoundFilter;

    /// <summary>The attribute has a value.</summary>
    public sealed record Present(AttributeTarget Target) : BoundFilter;

    /// <summary>One value of the complex attribute matches the inner filter.</summary>
    public sealed record ValuePath(AttributeTarget Target, BoundFilter Inner) : BoundFilter;

    /// <summary>Both filters match.</summary>
    public sealed record And(BoundFilter Left, BoundFilter Right) : BoundFilter;

    /// <summary>At least one filter matches.</summary>
    public sealed record Or(BoundFilter Left, BoundFilter Right) : BoundFilter;

    /// <summary>The inner filter does not match.</summary>
    public sealed record Not(BoundFilter Inner) : BoundFilter;
}
