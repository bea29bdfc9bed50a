using System.Globalization;
using System.Text.Json;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// A canonical text of a filter, for comparing filters: two filters that are written differently but mean the same have
/// the same text. Names are spelled as in the schema, literals are folded, and conditions are sorted.
/// </summary>
internal static class FilterMeaning
{
    public static string Meaning(this BoundFilter filter) => filter switch
    {
        BoundFilter.And => Join("and", Conditions(filter, isAnd: true)),
        BoundFilter.Or => Join("or", Conditions(filter, isAnd: false)),
        BoundFilter.Not(BoundFilter.Not(var inner)) => inner.Meaning(),
        BoundFilter.Not(var inner) => $"not({inner.Meaning()})",
        BoundFilter.Present(var target) => $"{target.Meaning()} pr",
        BoundFilter.ValuePath(var target, var inner) => $"{target.Meaning()}[{inner.Meaning()}]",
        BoundFilter.Comparison(var target, var literal) => Meaning(target, literal),
        _ => throw new InvalidOperationException($"{filter.GetType()} is not a filter."),
    };

    /// <summary>The attribute by its names in the schema, with the sub-attribute <paramref name="leaf"/>.</summary>
    public static string Meaning(this AttributeTarget target, SchemaAttribute? leaf = null)
    {
        var part = target.Sub ?? (leaf == target.Attribute ? null : leaf);
        return $"{target.Extension?.Id}:{target.Attribute?.Name}.{part?.Name}";
    }

    private static string Meaning(AttributeTarget target, FilterLiteral literal)
    {
        var value = literal.Value is decimal number
            // Without trailing zeros.
            ? (number / 1.000000000000000000000000000000m).ToString(CultureInfo.InvariantCulture)
            : JsonSerializer.Serialize(literal.Value);
        return $"{target.Meaning(target.Leaf)} {literal.Operator.Word()} {value}";
    }

    private static IEnumerable<string> Conditions(BoundFilter filter, bool isAnd) => filter switch
    {
        BoundFilter.And(var left, var right) when isAnd => Conditions(left, isAnd).Concat(Conditions(right, isAnd)),
        BoundFilter.Or(var left, var right) when !isAnd => Conditions(left, isAnd).Concat(Conditions(right, isAnd)),
        _ => [filter.Meaning()],
    };

    private static string Join(string word, IEnumerable<string> conditions)
    {
        string[] different = [.. conditions.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return different is [var only] ? only : $"{word}({string.Join(',', different)})";
    }
}
