using System.Runtime.CompilerServices;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Paging;
using Scim.Api.Users.Search;

namespace Scim.Api.Users.Walks;

/// <summary>
/// Reads users page by page, by index or by cursor. A page goes on behind the last user of the one before, so it costs
/// the same wherever it is, and nobody is lost or shown twice when others come and go meanwhile.
/// <para>
/// Who is on a page is decided by one query. Of the documents of a large page only some are read with it; the others
/// are read a few at a time while the page is written, and no connection waits for the reader in between.
/// </para>
/// </summary>
internal sealed class UserPages(UserSearch search, Bookmarks bookmarks, Cursors cursors)
{
    /// <summary>How many bytes of documents a page that holds a slot has in memory at a time.</summary>
    private const int MaxSize = 256 * 1024;

    // Databases limit how many parameters a statement has; and one statement for a hundred users is cheap enough.
    private const int MaxUsers = 100;

    public Task<ListResponse> Read(PageRequest request, CancellationToken cancellation) =>
        request.List.Cursor is { } cursor
            ? ReadByCursor(request, cursor, cancellation)
            : ReadByIndex(request, cancellation);

    private async Task<ListResponse> ReadByIndex(PageRequest request, CancellationToken cancellation)
    {
        var (query, page) = (request.Query, request.List.Page);
        var (startIndex, count) = page;
        if (count == 0)
            return new(await search.Count(query, cancellation), []) { StartIndex = startIndex };

        var place = await bookmarks.Find(query, startIndex, cancellation);
        var (found, now) = await Find(request, place.After, place.Skip, cancellation);
        var total = Total(page, place, found.Count, now);
        var users = found.Take(count).ToList();
        // A list that is whole in one answer needs no bookmark, and nobody goes on from what is not shown.
        if (users.Count > 0 && (startIndex > 1 || found.Count > count) && !request.IsHead)
        {
            var walk = place.WalkId is null ? place with { Total = total } : place;
            var isLast = found.Count <= count;
            await bookmarks.Leave(query, walk, startIndex + users.Count, users[^1].Position, isLast, cancellation);
        }
        return Answer(request, total, users) with { StartIndex = startIndex };
    }

    /// <summary>
    /// Clients go on until the index is beyond <c>totalResults</c>. So that is never less than what the walk began
    /// with, nor than an index where there is somebody; but where nobody is left, it lies behind the reader, lest he
    /// asks for the same empty page again and again.
    /// </summary>
    private static int Total(Page page, Place place, int found, int now) => found == 0
        ? Math.Min(now, page.StartIndex - 1)
        : Math.Max(Math.Max(now, place.Total), page.StartIndex - 1 + found);

    private async Task<ListResponse> ReadByCursor(PageRequest request, string cursor, CancellationToken cancellation)
    {
        var (query, count) = (request.Query, request.List.Page.Count);
        var after = cursor == "" ? null : cursors.Open(cursor, query, count);
        if (count == 0)
            return new(await search.Count(query, cancellation), []);

        var (found, total) = await Find(request, after, skip: 0, cancellation);
        var users = found.Take(count).ToList();
        return Answer(request, total, users) with
        {
            NextCursor = found.Count > count ? cursors.Make(query, count, users[^1].Position) : null,
        };
    }

    /// <summary>
    /// The page's users and one more, to see whether there is more. A page that may be large takes its slot first; a
    /// look-up, which hardly ever is, only if it is.
    /// </summary>
    private async Task<FoundUsers> Find(
        PageRequest request, UserPosition? after, int skip, CancellationToken cancellation)
    {
        var count = request.List.Page.Count;
        if (!request.Query.IsLookup && count > 1)
            await request.Message.TakeSlot(cancellation);
        var maxSize = request.Message.HasSlot ? MaxSize : LargeMessages.FreeBytes;
        var found = await search.Find(request.Query, after, skip, count + 1, maxSize, cancellation);
        if (found.Users.Take(count).Any(user => user.Resource is null))
            await request.Message.TakeSlot(cancellation);
        return found;
    }

    private ListResponse Answer(PageRequest request, int total, List<FoundUser> users)
    {
        var atHand = users.TakeWhile(user => user.Resource is not null).Select(user => user.Resource!).ToList();
        var rest = users[atHand.Count..];
        return new(total, atHand)
        {
            Rest = rest.Count == 0 ? null : new(rest.Count, cancellation => ReadRest(request, rest, cancellation)),
        };
    }

    private async IAsyncEnumerable<Resource> ReadRest(
        PageRequest request, List<FoundUser> users, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var (next, count) = (0, 0); next < users.Count; next += count)
        {
            // A reader may take its time, and lose its rights meanwhile.
            await request.CheckAgain(cancellation);
            var size = 0;
            count = users.Skip(next).Take(MaxUsers).TakeWhile((user, i) => (size += user.Size) <= MaxSize || i == 0)
                .Count();
            var page = users.GetRange(next, count);
            foreach (var resource in await search.Read(request.Query.AccountId, page, cancellation))
                yield return resource;
        }
    }
}

/// <summary>A request for a page of users.</summary>
/// <param name="Query">Which users.</param>
/// <param name="List">Which page of them.</param>
/// <param name="Message">The request's right to a large answer.</param>
/// <param name="IsHead">Whether the page is not shown, only what its head would be.</param>
/// <param name="CheckAgain">Refuses the request if it were not let in now.</param>
internal sealed record PageRequest(
    UserQuery Query, ListRequest List, LargeMessage Message, bool IsHead, Func<CancellationToken, Task> CheckAgain);
