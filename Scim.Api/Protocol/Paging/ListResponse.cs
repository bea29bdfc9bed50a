using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol.Paging;

/// <summary>A page of a list (RFC 7644 §3.4.2), also if it is empty.</summary>
internal sealed record ListResponse(long TotalResults, IReadOnlyList<Resource> Resources)
{
    /// <summary>Where the page begins, if the list is read by index.</summary>
    public int? StartIndex { get; init; }

    /// <summary>What leads to the next page, if the list is read by cursor and goes on (RFC 9865 §2).</summary>
    public string? NextCursor { get; init; }
}
