using Scim.Api.Protocol.Schemas;

namespace Scim.Api.Protocol.Paging;

/// <summary>
/// The order a list is asked for in (RFC 7644 §3.4.2.3). Values that are missing come last, descending first; what is
/// equal comes in order of creation, either way.
/// </summary>
internal sealed record Sorting(AttributePath By, bool Descending)
{
    public override string ToString() => $"{By} {(Descending ? "descending" : "ascending")}";
}
