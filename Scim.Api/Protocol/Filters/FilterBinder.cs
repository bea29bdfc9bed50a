using System.Text.Json;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>
/// Binds the names of a filter to schema attributes. An attribute that <paramref name="find"/> does not know, a value
/// path on an attribute without sub-attributes, and a comparison that the attribute's type does not support are
/// <c>invalidFilter</c>, even if the other conditions already decide the outcome.
/// </summary>
internal sealed class FilterBinder(AttributeLookup find, string? text, bool isAmongTypes = false)
{
    private static readonly BoundFilter Everybody =
        new BoundFilter.Present(new AttributeTarget(null, Schema.Common.Attributes.Find("id"), null));

    private static readonly BoundFilter Nobody = new BoundFilter.Not(Everybody);

    public BoundFilter Bind(Filter filter) => filter switch
    {
        Filter.And(var left, var right) => new BoundFilter.And(Bind(left), Bind(right)),
        Filter.Or(var left, var right) => new BoundFilter.Or(Bind(left), Bind(right)),
        Filter.Not(var inner) => new BoundFilter.Not(Bind(inner)),
        Filter.Present(var name) =>
            Find(name, filter.Position) is { } target ? new BoundFilter.Present(target) : Nobody,
        Filter.ValuePath path => Bind(path),
        Filter.Comparison comparison => Bind(comparison),
        _ => throw new InvalidOperationException($"{filter.GetType()} is not a filter."),
    };

    private BoundFilter Bind(Filter.ValuePath path)
    {
        if (Find(path.Attribute, path.Position) is not { } target)
            return Nobody;
        if (target is not { Attribute: { Type: AttributeType.Complex } complex, Sub: null })
            throw Invalid($"{path.Attribute} has no sub-attributes to filter by.");
        return new BoundFilter.ValuePath(target, new FilterBinder(complex.FindSubTarget, text).Bind(path.Inner));
    }

    private BoundFilter Bind(Filter.Comparison comparison)
    {
        var isWithNull = comparison.Value.ValueKind == JsonValueKind.Null;
        if (Find(comparison.Attribute, comparison.Position) is not { } target)
            return isWithNull && comparison.Operator == FilterOperator.Eq ? Everybody : Nobody;
        if (!isWithNull)
            return new BoundFilter.Comparison(target, FilterLiteral.Read(comparison, target));
        return comparison.Operator switch
        {
            FilterOperator.Eq => new BoundFilter.Not(new BoundFilter.Present(target)),
            FilterOperator.Ne => new BoundFilter.Present(target),
            _ => throw Invalid($"{Excerpt.Of(comparison.ToString())}: null can only be compared by eq and ne."),
        };
    }

    /// <summary>The attribute of this name; null if only another resource type can have it.</summary>
    private AttributeTarget? Find(AttributePath name, int? position)
    {
        var target = find(name);
        if (target is { Attribute: not null } || (target is null && isAmongTypes))
            return target;
        var what = $"{Excerpt.OfName(name)} is not an attribute of the schema";
        throw Invalid(text is not null && position is { } at ? FilterScanner.At(at, text, what) : $"{what}.");
    }

    private static ScimException Invalid(string detail) => new(ScimError.InvalidFilter(detail));
}
