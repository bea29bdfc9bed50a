using System.Text.Json;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Filters;

/// <summary>Filters over several resource types at once (RFC 7644 §3.4.2.1).</summary>
internal static class ForeignAttributes
{
    private static readonly Filter Everybody = new Filter.Present(new AttributePath(null, "id"));
    private static readonly Filter Nobody = new Filter.Not(Everybody);

    /// <summary>
    /// What the filter says of one of the types: an attribute that this type does not have has no value.
    /// </summary>
    public static Filter AmongTypes(this Filter filter, AttributeLookup find) => filter switch
    {
        Filter.And(var left, var right) => new Filter.And(left.AmongTypes(find), right.AmongTypes(find)),
        Filter.Or(var left, var right) => new Filter.Or(left.AmongTypes(find), right.AmongTypes(find)),
        Filter.Not(var inner) => new Filter.Not(inner.AmongTypes(find)),
        Filter.Comparison { Value.ValueKind: JsonValueKind.Null, Operator: FilterOperator.Eq } absent
            when find(absent.Attribute) is null => Everybody,
        Filter.Comparison { Attribute: var path } when find(path) is null => Nobody,
        Filter.Present { Attribute: var path } when find(path) is null => Nobody,
        Filter.ValuePath { Attribute: var path } when find(path) is null => Nobody,
        _ => filter,
    };
}
