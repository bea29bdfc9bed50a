using System.Runtime.CompilerServices;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Paging;
using Scim.Api.Users.Search;

namespace Scim.Api.Users.Walks;

/// <summary>
/// Reads users page by page, by index or by cursor. A page continues after the last user of the previous one. So every
/// page costs the same, and nobody is missed or returned twice when users are created or deleted meanwhile.
/// <para>
/// One query determines the users of a page. Only some documents of a large page are read with it. The others are read
/// a few at a time while the page is being written, and no connection is held while waiting for the reader.
/// </para>
/// </summary>
internal sealed class UserPages(UserSearch search, Bookmarks bookmarks, Cursors cursors)
{
    /// <summary>How many bytes of documents a page with a slot holds in memory at a time.</summary>
    private const int MaxSize = 256 * 1024;

    // Databases limit the number of parameters, and one statement per hundred users is cheap enough.
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

        var start = await bookmarks.Find(query, startIndex, cancellation);
        var (found, now) = await Find(request, start.After, start.Skip, cancellation);
        var total = Total(page, start, found.Count, now);
        var users = found.Take(count).ToList();
        // A complete list needs no bookmark, and nobody continues after an empty page or a HEAD.
        if (users.Count > 0 && (startIndex > 1 || found.Count > count) && !request.IsHead)
        {
            var begun = start.ContinuesWalk ? start : start with { Total = total };
            var isLast = found.Count <= count;
            await bookmarks.Save(query, begun, startIndex + users.Count, users[^1].Position, isLast, cancellation);
        }
        return ToResponse(request, total, users) with { StartIndex = startIndex };
    }

    /// <summary>
    /// Clients continue until the index is beyond <c>totalResults</c>. So it is never less than the total at the
    /// beginning of the walk, nor than an index with a user. When nobody is left, it is less than the requested index,
    /// so that the client does not request an empty page forever.
    /// </summary>
    private static int Total(Page page, PageStart start, int found, int now) => found == 0
        ? Math.Min(now, page.StartIndex - 1)
        : Math.Max(Math.Max(now, start.Total), page.StartIndex - 1 + found);

    private async Task<ListResponse> ReadByCursor(PageRequest request, string cursor, CancellationToken cancellation)
    {
        var (query, count) = (request.Query, request.List.Page.Count);
        var after = cursor == "" ? null : cursors.Open(cursor, query, count);
        if (count == 0)
            return new(await search.Count(query, cancellation), []);

        var (found, total) = await Find(request, after, skip: 0, cancellation);
        var users = found.Take(count).ToList();
        return ToResponse(request, total, users) with
        {
            NextCursor = found.Count > count ? cursors.Make(query, count, users[^1].Position) : null,
        };
    }

    /// <summary>
    /// Reads the users of the page and one more, to see whether the list continues. A page that may be large takes its
    /// slot first. A lookup, which is rarely large, takes one only if it is.
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

    private ListResponse ToResponse(PageRequest request, int total, List<FoundUser> users)
    {
        var read = users.TakeWhile(user => user.Resource is not null).Select(user => user.Resource!).ToList();
        var rest = users[read.Count..];
        return new(total, read)
        {
            Rest = rest.Count == 0 ? null : new(rest.Count, cancellation => ReadRest(request, rest, cancellation)),
        };
    }

    private async IAsyncEnumerable<Resource> ReadRest(
        PageRequest request, List<FoundUser> users, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var (next, count) = (0, 0); next < users.Count; next += count)
        {
            // The caller may lose access while it reads slowly.
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
/// <param name="Message">The request's slot for a large response.</param>
/// <param name="IsHead">Whether only the headers are requested.</param>
/// <param name="CheckAgain">Refuses the request if it would no longer be admitted.</param>
internal sealed record PageRequest(
    UserQuery Query, ListRequest List, LargeMessage Message, bool IsHead, Func<CancellationToken, Task> CheckAgain);
