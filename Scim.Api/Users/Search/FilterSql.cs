using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Users.Search;

/// <summary>
/// Translates a filter to an SQL condition on the user <c>u</c>, with the same result as <see cref="FilterMatch"/> on
/// the document. Every leaf is true or false and never null, so that <c>not</c> is true if an attribute is absent.
/// </summary>
internal sealed class FilterSql(SqlText sql, Guid accountId, string baseUrl)
{
    /// <summary>The maximum number of comparisons, because databases limit the depth of an expression.</summary>
    public const int MaxConditions = 200;

    /// <summary>The user's search document.</summary>
    public const string Document = "u.\"Search\"";

    public string Write(BoundFilter filter)
    {
        if (filter.Conditions > MaxConditions)
            throw new ScimException(ScimError.InvalidFilter(
                $"The filter has {filter.Conditions} conditions; at most {MaxConditions} are allowed."));
        return Write(filter, new Scope(Document, IsUser: true));
    }

    private string Write(BoundFilter filter, Scope scope) => filter switch
    {
        BoundFilter.And(var left, var right) => $"({Write(left, scope)} AND {Write(right, scope)})",
        BoundFilter.Or(var left, var right) => $"({Write(left, scope)} OR {Write(right, scope)})",
        BoundFilter.Not(var inner) => $"NOT ({Write(inner, scope)})",
        BoundFilter.Present(var target) => Exists(scope.Resolve(target), scope),
        BoundFilter.ValuePath path => Write(path, scope),
        BoundFilter.Comparison(var target, var literal) => Compare(scope.Resolve(target), literal, scope),
        _ => throw new InvalidOperationException($"{filter.GetType()} is not a filter."),
    };

    private string Write(BoundFilter.ValuePath path, Scope scope)
    {
        if (path.AsAddress() is var (value, addressType))
            return HasAddress(value, addressType);
        if (path.Target.Attribute!.MultiValued)
            return AnyElement(path.Target, scope, (_, element) => Write(path.Inner, element));
        // name[givenName pr] means name.givenName pr, if the user has a name.
        return $"({Exists(path.Target, scope)} AND {Write(path.Inner, scope with { Complex = path.Target })})";
    }

    private string Exists(AttributeTarget target, Scope scope)
    {
        if (scope.IsUser && (target.Attribute!.Name == "meta" || Operand.Column(sql, target, baseUrl) is not null))
            return target.Attribute.Name == "externalId" ? "u.\"ExternalId\" IS NOT NULL" : "TRUE";
        return target is { Attribute.MultiValued: true, Sub: { } sub }
            ? AnyElement(target, scope, (json, _) => sql.Dialect.Exists(json, [sub.Name]))
            : sql.Dialect.Exists(scope.Json, target.PathOf(target.Sub));
    }

    private string Compare(AttributeTarget target, FilterLiteral literal, Scope scope)
    {
        var leaf = target.Leaf!;
        if (scope.IsUser && literal.Operator == FilterOperator.Eq && Equal(target, literal) is { } lookup)
            return lookup;
        if (scope.IsUser && Operand.Column(sql, target, baseUrl) is { } column)
            return Compare(column, literal);
        var inside = leaf != target.Attribute;
        if (inside && target.Attribute!.MultiValued)
            return AnyElement(target, scope, (_, element) => Compare(new(null, leaf, null), literal, element));
        var path = target.PathOf(inside ? leaf : null);
        return leaf.MultiValued
            ? AnyElement(path, scope, json => Compare(Operand.In(sql.Dialect, json, [], leaf), literal))
            : Compare(Operand.In(sql.Dialect, scope.Json, path, leaf), literal);
    }

    // Comparisons for which an index has a different key than the text.
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

    private string AnyElement(AttributeTarget target, Scope scope, Func<string, Scope, string> condition) =>
        AnyElement(
            target.PathOf(sub: null),
            scope,
            json => condition(json, new Scope(json, IsUser: false)));

    private string AnyElement(string[] path, Scope scope, Func<string, string> condition)
    {
        var alias = scope.IsUser ? "v" : "w";
        var elements = sql.Dialect.Elements(scope.Json, path, alias);
        return $"EXISTS (SELECT 1 FROM {elements} WHERE {condition($"{alias}.value")})";
    }

    // Finds the addresses by their index first, and then their users.
    private string HasAddress(string value, string? addressType)
    {
        var condition = $"e.\"AccountId\" = {sql.Parameter(accountId)} AND e.\"ValueKey\" = {sql.Parameter(value)}";
        if (addressType is not null)
            condition += $" AND e.\"TypeKey\" = {sql.Parameter(addressType)}";
        return $"u.\"Id\" IN (SELECT e.\"UserId\" FROM \"UserEmails\" AS e WHERE {condition})";
    }

    /// <summary>
    /// Where attributes are found: in a user, in a single-valued <paramref name="Complex"/> attribute of a user, or in
    /// one value of a multi-valued attribute.
    /// </summary>
    private sealed record Scope(string Json, bool IsUser, AttributeTarget? Complex = null)
    {
        /// <summary>Turns an attribute inside <see cref="Complex"/> into an attribute of the user.</summary>
        public AttributeTarget Resolve(AttributeTarget target) =>
            Complex is null ? target : Complex with { Sub = target.Attribute };
    }
}

/// <summary>The path of an attribute in a search document.</summary>
internal static class SearchPaths
{
    public static string[] PathOf(this AttributeTarget target, SchemaAttribute? sub)
    {
        string?[] names = [target.Extension?.Id, target.Attribute!.Name, sub?.Name];
        return [.. names.OfType<string>()];
    }
}
