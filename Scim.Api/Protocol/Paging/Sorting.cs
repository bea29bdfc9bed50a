using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Paging;

/// <summary>
/// The order a list is asked for in (RFC 7644 §3.4.2.3). Values that are missing come last, descending first; what is
/// equal comes in order of creation, either way.
/// </summary>
internal sealed record Sorting(AttributePath By, bool Descending)
{
    /// <summary>Reads the parameters of these names; null is the order of creation.</summary>
    public static Sorting? Read(string? sortBy, string? sortOrder)
    {
        var descending = sortOrder?.Trim().ToLowerInvariant() switch
        {
            null or "" or "ascending" => false,
            "descending" => true,
            _ => throw Wrong("sortOrder must be ascending or descending."),
        };
        if (string.IsNullOrWhiteSpace(sortBy))
            return null;
        return AttributePath.TryParse(sortBy.Trim(), out var by)
            ? new Sorting(by, descending)
            : throw Wrong($"sortBy must be the name of an attribute, not {Excerpt.OfName(sortBy.Trim())}.");
    }

    public override string ToString() => $"{By} {(Descending ? "descending" : "ascending")}";

    private static ScimException Wrong(string detail) => new(ScimError.InvalidValue(detail));
}
