using Scim.Api.Protocol.Messages;

namespace Scim.Api.Protocol.Paging;

/// <summary>
/// A page of a list (RFC 7644 §3.4.2): the <paramref name="Resources"/> that are already read, followed by the
/// <see cref="Rest"/>.
/// </summary>
internal sealed record ListResponse(long TotalResults, IReadOnlyList<Resource> Resources)
{
    /// <summary>Where the page begins, if the list is read by index.</summary>
    public int? StartIndex { get; init; }

    /// <summary>The cursor of the next page, if the list is read by cursor and continues (RFC 9865 §2).</summary>
    public string? NextCursor { get; init; }

    /// <summary>The rest of a page that is too large for memory; null if there is none.</summary>
    public ListRest? Rest { get; init; }

    /// <summary>The number of resources on the page.</summary>
    public int ItemsPerPage => Resources.Count + (Rest?.Count ?? 0);
}

/// <summary>
/// The number of resources that follow, and a way to read them while the page is being written. Either all of them are
/// read, or reading fails.
/// </summary>
internal sealed record ListRest(int Count, Func<CancellationToken, IAsyncEnumerable<Resource>> Read);
