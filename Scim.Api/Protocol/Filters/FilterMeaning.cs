using System.Globalization;
using System.Text.Json;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// What a filter means, as a text: two filters that are written differently and find the same have the same one. Names
/// are those of the schema, literals are folded as the attribute's values are, and the order of conditions is of no
/// account. It is for comparing, not for reading again.
/// </summary>
internal static class FilterMeaning
{
    public static string Meaning(this Filter filter, AttributeLookup find) => filter switch
    {
        Filter.And => Join("and", Conditions(filter, find, isAnd: true)),
        Filter.Or => Join("or", Conditions(filter, find, isAnd: false)),
        Filter.Not { Inner: Filter.Not { Inner: var inner } } => inner.Meaning(find),
        Filter.Not { Inner: Filter.Comparison { Value.ValueKind: JsonValueKind.Null } comparison } =>
            new Filter.Not(comparison.AsPresence()).Meaning(find),
        Filter.Not not => $"not({not.Inner.Meaning(find)})",
        Filter.Present present => $"{find.Known(present.Attribute).Meaning()} pr",
        Filter.ValuePath path => $"{find.KnownComplex(path.Attribute).Meaning()}"
            + $"[{path.Inner.Meaning(find.KnownComplex(path.Attribute).Attribute!.FindInside)}]",
        Filter.Comparison { Value.ValueKind: JsonValueKind.Null } comparison => comparison.AsPresence().Meaning(find),
        Filter.Comparison comparison => Meaning(comparison, find.Known(comparison.Attribute)),
        _ => throw new InvalidOperationException($"{filter.GetType()} is not a filter."),
    };

    /// <summary>The attribute by its names in the schema, with the part that <paramref name="leaf"/> is.</summary>
    public static string Meaning(this AttributeTarget target, SchemaAttribute? leaf = null)
    {
        var part = target.Sub ?? (leaf == target.Attribute ? null : leaf);
        return $"{target.Extension?.Id}:{target.Attribute?.Name}.{part?.Name}";
    }

    private static string Meaning(Filter.Comparison comparison, AttributeTarget target)
    {
        var literal = FilterLiteral.Read(comparison, target);
        var value = literal.Value is decimal number
            // Without zeros at its end.
            ? (number / 1.000000000000000000000000000000m).ToString(CultureInfo.InvariantCulture)
            : JsonSerializer.Serialize(literal.Value);
        return $"{target.Meaning(target.Leaf)} {comparison.Word} {value}";
    }

    private static IEnumerable<string> Conditions(Filter filter, AttributeLookup find, bool isAnd) => filter switch
    {
        Filter.And(var left, var right) when isAnd =>
            Conditions(left, find, isAnd).Concat(Conditions(right, find, isAnd)),
        Filter.Or(var left, var right) when !isAnd =>
            Conditions(left, find, isAnd).Concat(Conditions(right, find, isAnd)),
        _ => [filter.Meaning(find)],
    };

    private static string Join(string word, IEnumerable<string> conditions)
    {
        string[] different = [.. conditions.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return different is [var only] ? only : $"{word}({string.Join(',', different)})";
    }
}
