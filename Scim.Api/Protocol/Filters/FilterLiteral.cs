using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// The value of a comparison, folded like the attribute's values in the <see cref="SearchDocument"/>: a string, a
/// boolean or a number. An operator that the attribute's type does not support is <c>invalidFilter</c> (RFC 7644
/// table 3).
/// </summary>
internal sealed record FilterLiteral(SchemaAttribute Attribute, FilterOperator Operator, object Value)
{
    public static FilterLiteral Read(Filter.Comparison comparison, AttributeTarget target)
    {
        var leaf = target.Leaf!;
        var name = comparison.Attribute;
        if (leaf.Type == AttributeType.Complex)
            throw Invalid($"{name} is complex: name a sub-attribute, such as {name}.{leaf.SubAttributes[0].Name}.");
        if (!HasOperator(leaf.Type, comparison.Operator))
            throw Invalid(
                $"{Excerpt.Of(comparison.ToString())}: {name} cannot be compared by {comparison.Operator.Word()}.");
        if (SearchDocument.Fold(leaf, comparison.Value) is { } value)
            return new FilterLiteral(leaf, comparison.Operator, value);
        var literal = target.IsSecret || leaf.IsSecret ? "this value" : Excerpt.Cut(comparison.Value.GetRawText());
        throw Invalid($"{Excerpt.Of(comparison.ToString())}: {name} cannot be compared with {literal}.");
    }

    /// <summary>Whether a value of the attribute matches.</summary>
    public bool Compare(JsonNode value) =>
        (SearchDocument.Fold(Attribute, JsonSerializer.SerializeToElement(value)), Value) switch
        {
            (string text, string literal) => Compare(text, literal),
            (bool boolean, bool literal) => Holds(boolean == literal ? 0 : 1),
            (decimal number, decimal literal) => Holds(number.CompareTo(literal)),
            _ => false,
        };

    private bool Compare(string text, string literal) => Operator switch
    {
        FilterOperator.Co => text.Contains(literal, StringComparison.Ordinal),
        FilterOperator.Sw => text.StartsWith(literal, StringComparison.Ordinal),
        FilterOperator.Ew => text.EndsWith(literal, StringComparison.Ordinal),
        _ => Holds(Encoding.UTF8.GetBytes(text).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(literal))),
    };

    private bool Holds(int order) => Operator switch
    {
        FilterOperator.Eq => order == 0,
        FilterOperator.Ne => order != 0,
        FilterOperator.Gt => order > 0,
        FilterOperator.Ge => order >= 0,
        FilterOperator.Lt => order < 0,
        _ => order <= 0,
    };

    private static bool HasOperator(AttributeType type, FilterOperator operation) => type switch
    {
        AttributeType.Boolean or AttributeType.Binary => operation is FilterOperator.Eq or FilterOperator.Ne,
        AttributeType.Decimal or AttributeType.Integer or AttributeType.DateTime =>
            operation is not (FilterOperator.Co or FilterOperator.Sw or FilterOperator.Ew),
        _ => true,
    };

    private static ScimException Invalid(string detail) => new(ScimError.InvalidFilter(detail));
}
