using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Paging;

/// <summary>
/// The requested order of a list (RFC 7644 §3.4.2.3). Missing values come last, or first if descending. Equal values
/// are in order of creation in both cases.
/// </summary>
internal sealed record Sorting(AttributePath By, bool Descending)
{
    /// <summary>Reads the parameters of these names; null means the order of creation.</summary>
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
