using Scim.Api.Protocol.Paging;
using Scim.Api.Users.Search;

namespace Scim.Api.Users.Walks;

/// <summary>
/// Reads users page by page, by index or by cursor. A page goes on behind the last user of the one before, so it costs
/// the same wherever it is, and nobody is lost or shown twice when others come and go meanwhile.
/// </summary>
internal sealed class UserPages(UserSearch search, Bookmarks bookmarks, Cursors cursors)
{
    public Task<ListResponse> Read(UserQuery query, ListRequest request, CancellationToken cancellation) =>
        request.Cursor is { } cursor
            ? ReadByCursor(query, cursor, request.Page.Count, cancellation)
            : ReadByIndex(query, request.Page, cancellation);

    private async Task<ListResponse> ReadByIndex(UserQuery query, Page page, CancellationToken cancellation)
    {
        var (startIndex, count) = page;
        if (count == 0)
            return new(await search.Count(query, cancellation), []) { StartIndex = startIndex };

        var place = await bookmarks.Find(query, startIndex, cancellation);
        // One more than is answered, to see whether there is more.
        var found = await search.Find(query, place.After, place.Skip, count + 1, cancellation);
        var users = found.Take(count).ToList();
        var total = Total(page, place, found.Count, await search.Count(query, cancellation));
        // A list that is whole in one answer needs no bookmark.
        if (users.Count > 0 && (startIndex > 1 || found.Count > count))
        {
            var walk = place.WalkId is null ? place with { Total = total } : place;
            var isLast = found.Count <= count;
            await bookmarks.Leave(query, walk, startIndex + users.Count, users[^1].Position, isLast, cancellation);
        }
        return new(total, users.ConvertAll(user => user.Resource)) { StartIndex = startIndex };
    }

    /// <summary>
    /// Clients go on until the index is beyond <c>totalResults</c>. So that is never less than what the walk began with,
    /// nor than an index where there is somebody; but where nobody is left, it lies behind the reader, lest he asks for
    /// the same empty page again and again.
    /// </summary>
    private static int Total(Page page, Place place, int found, int now) => found == 0
        ? Math.Min(now, page.StartIndex - 1)
        : Math.Max(Math.Max(now, place.Total), page.StartIndex - 1 + found);

    private async Task<ListResponse> ReadByCursor(
        UserQuery query, string cursor, int count, CancellationToken cancellation)
    {
        var after = cursor == "" ? null : cursors.Open(cursor, query, count);
        if (count == 0)
            return new(await search.Count(query, cancellation), []);

        var found = await search.Find(query, after, skip: 0, count + 1, cancellation);
        var users = found.Take(count).ToList();
        return new(await search.Count(query, cancellation), users.ConvertAll(user => user.Resource))
        {
            NextCursor = found.Count > count ? cursors.Make(query, count, users[^1].Position) : null,
        };
    }
}
