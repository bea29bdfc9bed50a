using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol.Paging;

/// <summary>
/// A page of a list (RFC 7644 §3.4.2), also if it is empty: the <paramref name="Resources"/> at hand, and after them
/// the <see cref="Rest"/>.
/// </summary>
internal sealed record ListResponse(long TotalResults, IReadOnlyList<Resource> Resources)
{
    /// <summary>Where the page begins, if the list is read by index.</summary>
    public int? StartIndex { get; init; }

    /// <summary>What leads to the next page, if the list is read by cursor and goes on (RFC 9865 §2).</summary>
    public string? NextCursor { get; init; }

    /// <summary>The rest of a page that is too large to be held in memory; null if there is none.</summary>
    public ListRest? Rest { get; init; }

    /// <summary>How many resources the page has.</summary>
    public int ItemsPerPage => Resources.Count + (Rest?.Count ?? 0);
}

/// <summary>
/// How many resources follow, and a way to read them while the page is being written. They come in this number or the
/// reading fails.
/// </summary>
internal sealed record ListRest(int Count, Func<CancellationToken, IAsyncEnumerable<Resource>> Read);
