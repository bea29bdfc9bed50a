using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Paging;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Users.Search;

/// <summary>
/// The SQL expression that users are sorted by (RFC 7644 §3.4.2.3): for a multi-valued attribute, the primary or first
/// value. Missing values come last if ascending, and first if descending.
/// </summary>
internal sealed record SortKey(Operand Operand, bool Descending)
{
    // Texts with the same first characters are in order of creation.
    private const int MaxLength = 200;

    /// <summary>The sort key of an order. An attribute that cannot be sorted by is 400 <c>invalidValue</c>.</summary>
    public static SortKey Of(Sorting sorting, SqlText sql, string baseUrl)
    {
        if (ResourceType.User.Find(sorting.By) is not { Attribute: { } attribute, Leaf: { } leaf } target)
            throw Invalid($"sortBy: {Excerpt.OfName(sorting.By)} is not an attribute of the schema.");
        if (leaf.Type is AttributeType.Complex or AttributeType.Binary)
            throw Invalid(leaf.Type == AttributeType.Binary
                ? $"sortBy: {sorting.By} has no order."
                : $"sortBy: {sorting.By} is complex: name a sub-attribute, such as "
                    + $"{sorting.By}.{leaf.SubAttributes[0].Name}.");
        var part = leaf == attribute ? null : leaf;
        var operand = Operand.Column(sql, target, baseUrl)
            ?? (attribute.MultiValued
                ? First(target, leaf, part, sql.Dialect)
                : Operand.In(sql.Dialect, FilterSql.Document, target.PathOf(part), leaf));
        // A cursor contains the value, and is part of a URL, whose length is limited.
        if (operand.Type == OperandType.Text)
            operand = operand with { Sql = $"substr({operand.Sql}, 1, {MaxLength})" };
        return new SortKey(operand, sorting.Descending);
    }

    /// <summary>The terms of <c>ORDER BY</c>.</summary>
    public string Order(SqlDialect dialect)
    {
        var direction = Descending ? " DESC" : "";
        var order = Operand.Ordered(dialect) + direction;
        return Operand.Optional ? $"({Operand.Sql} IS NULL){direction}, {order}" : order;
    }

    /// <summary>
    /// The condition for users that come after one with this value. <paramref name="later"/> is the condition for users
    /// with the same value.
    /// </summary>
    public string After(string? value, string later, SqlText sql)
    {
        var missing = $"{Operand.Sql} IS NULL";
        if (value is null)
            return Descending ? $"({missing} AND {later} OR NOT {missing})" : $"({missing} AND {later})";
        var parameter = Operand.Parameter(sql, Operand.Parse(value));
        var ordered = Operand.Ordered(sql.Dialect);
        var after = $"{ordered} {(Descending ? "<" : ">")} {parameter} OR {Operand.Sql} = {parameter} AND {later}";
        return Operand.Optional && !Descending ? $"({after} OR {missing})" : $"({after})";
    }

    private static Operand First(
        AttributeTarget target, SchemaAttribute leaf, SchemaAttribute? part, SqlDialect dialect)
    {
        var value = Operand.In(dialect, "v.value", part is null ? [] : [part.Name], leaf);
        var elements = dialect.Elements(FilterSql.Document, target.PathOf(sub: null), "v");
        var primary = target.Attribute!.FindSub("primary") is { } flag
            ? $"COALESCE({Operand.In(dialect, "v.value", [flag.Name], flag).Sql}, FALSE) DESC, "
            : "";
        return value with { Sql = $"(SELECT {value.Sql} FROM {elements} ORDER BY {primary}v.key LIMIT 1)" };
    }

    private static ScimException Invalid(string detail) => new(ScimError.InvalidValue(detail));
}
