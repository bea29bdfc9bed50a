using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Users.Search;

/// <summary>
/// Writes a filter as a condition in SQL on the user <c>u</c>: the same outcome as <see cref="FilterMatch"/> has on the
/// document. Every leaf is true or false and never null, so that <c>not</c> holds where an attribute is absent.
/// </summary>
internal sealed class FilterSql(SqlText sql, Guid accountId, string baseUrl)
{
    /// <summary>How many comparisons a filter may have: databases limit how deep an expression is.</summary>
    public const int MaxConditions = 200;

    /// <summary>The user's search document.</summary>
    public const string Document = "u.\"Search\"";

    public string Write(BoundFilter filter)
    {
        if (filter.Conditions > MaxConditions)
            throw new ScimException(ScimError.InvalidFilter(
                $"The filter has {filter.Conditions} conditions; at most {MaxConditions} are possible."));
        return Write(filter, new Place(Document, IsUser: true));
    }

    private string Write(BoundFilter filter, Place place) => filter switch
    {
        BoundFilter.And(var left, var right) => $"({Write(left, place)} AND {Write(right, place)})",
        BoundFilter.Or(var left, var right) => $"({Write(left, place)} OR {Write(right, place)})",
        BoundFilter.Not(var inner) => $"NOT ({Write(inner, place)})",
        BoundFilter.Present(var target) => Exists(place.Resolve(target), place),
        BoundFilter.ValuePath path => Write(path, place),
        BoundFilter.Comparison(var target, var literal) => Compare(place.Resolve(target), literal, place),
        _ => throw new InvalidOperationException($"{filter.GetType()} is not a filter."),
    };

    private string Write(BoundFilter.ValuePath path, Place place)
    {
        if (path.AsAddress() is var (value, addressType))
            return HasAddress(value, addressType);
        if (path.Target.Attribute!.MultiValued)
            return AnyElement(path.Target, place, (_, element) => Write(path.Inner, element));
        // name[givenName pr] is name.givenName pr, of a user who has a name.
        return $"({Exists(path.Target, place)} AND {Write(path.Inner, place with { Complex = path.Target })})";
    }

    private string Exists(AttributeTarget target, Place place)
    {
        if (place.IsUser && (target.Attribute!.Name == "meta" || Operand.Column(sql, target, baseUrl) is not null))
            return target.Attribute.Name == "externalId" ? "u.\"ExternalId\" IS NOT NULL" : "TRUE";
        return target is { Attribute.MultiValued: true, Sub: { } sub }
            ? AnyElement(target, place, (json, _) => sql.Dialect.Exists(json, [sub.Name]))
            : sql.Dialect.Exists(place.Json, target.PathOf(target.Sub));
    }

    private string Compare(AttributeTarget target, FilterLiteral literal, Place place)
    {
        var leaf = target.Leaf!;
        if (place.IsUser && literal.Operator == FilterOperator.Eq && Equal(target, literal) is { } lookup)
            return lookup;
        if (place.IsUser && Operand.Column(sql, target, baseUrl) is { } column)
            return Compare(column, literal);
        var inside = leaf != target.Attribute;
        if (inside && target.Attribute!.MultiValued)
            return AnyElement(target, place, (_, element) => Compare(new(null, leaf, null), literal, element));
        var path = target.PathOf(inside ? leaf : null);
        return leaf.MultiValued
            ? AnyElement(path, place, json => Compare(Operand.In(sql.Dialect, json, [], leaf), literal))
            : Compare(Operand.In(sql.Dialect, place.Json, path, leaf), literal);
    }

    // What an index finds by another key than the text.
    private string? Equal(AttributeTarget target, FilterLiteral literal) => FilterClassification.NameOf(target) switch
    {
        "id" => UserIds.TryRead((string)literal.Value, out var id) ? $"u.\"Id\" = {sql.Parameter(id)}" : "FALSE",
        "emails.value" => HasAddress((string)literal.Value, addressType: null),
        _ => null,
    };

    private string Compare(Operand operand, FilterLiteral literal)
    {
        var (left, ordered, right) =
            (operand.Sql, operand.Ordered(sql.Dialect), operand.Parameter(sql, literal.Value));
        var test = literal.Operator switch
        {
            FilterOperator.Eq => $"{left} = {right}",
            FilterOperator.Ne => $"{left} <> {right}",
            FilterOperator.Co => sql.Dialect.Contains(left, right),
            FilterOperator.Sw => sql.Dialect.StartsWith(left, right),
            FilterOperator.Ew => sql.Dialect.EndsWith(left, right),
            FilterOperator.Gt => $"{ordered} > {right}",
            FilterOperator.Ge => $"{ordered} >= {right}",
            FilterOperator.Lt => $"{ordered} < {right}",
            _ => $"{ordered} <= {right}",
        };
        return operand.Optional ? $"({left} IS NOT NULL AND {test})" : test;
    }

    private string AnyElement(AttributeTarget target, Place place, Func<string, Place, string> condition) =>
        AnyElement(
            target.PathOf(sub: null),
            place,
            json => condition(json, new Place(json, IsUser: false)));

    private string AnyElement(string[] path, Place place, Func<string, string> condition)
    {
        var alias = place.IsUser ? "v" : "w";
        var elements = sql.Dialect.Elements(place.Json, path, alias);
        return $"EXISTS (SELECT 1 FROM {elements} WHERE {condition($"{alias}.value")})";
    }

    // The addresses are found first, by their index, and then their users.
    private string HasAddress(string value, string? addressType)
    {
        var condition = $"e.\"AccountId\" = {sql.Parameter(accountId)} AND e.\"ValueKey\" = {sql.Parameter(value)}";
        if (addressType is not null)
            condition += $" AND e.\"TypeKey\" = {sql.Parameter(addressType)}";
        return $"u.\"Id\" IN (SELECT e.\"UserId\" FROM \"UserEmails\" AS e WHERE {condition})";
    }

    /// <summary>
    /// Where values are found: in a user, also inside a single-valued <paramref name="Complex"/> attribute of it, or in
    /// one of several complex values.
    /// </summary>
    private sealed record Place(string Json, bool IsUser, AttributeTarget? Complex = null)
    {
        /// <summary>An attribute of this place as the user or the value has it.</summary>
        public AttributeTarget Resolve(AttributeTarget target) =>
            Complex is null ? target : Complex with { Sub = target.Attribute };
    }
}

/// <summary>Where an attribute is in a search document.</summary>
internal static class SearchPaths
{
    public static string[] PathOf(this AttributeTarget target, SchemaAttribute? sub)
    {
        string?[] names = [target.Extension?.Id, target.Attribute!.Name, sub?.Name];
        return [.. names.OfType<string>()];
    }
}
