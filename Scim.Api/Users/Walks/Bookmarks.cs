using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Users.Search;

namespace Scim.Api.Users.Walks;

/// <summary>
/// Where a page begins: after a user or at the beginning, after skipping some users. It continues a walk that began
/// with this total, or begins one.
/// </summary>
internal sealed record PageStart(UserPosition? After, int Skip, Guid? WalkId, int Total)
{
    public static PageStart First { get; } = new(null, 0, null, 0);
}

/// <summary>
/// Ensures that walks by index (RFC 7644 §3.4.2.4) miss nobody, although deletions move users to lower indexes. Each
/// page saves a bookmark at its end, and a page that begins at a bookmark continues from there.
/// <para>
/// A bookmark is in the database before its page is sent, so any node can serve the next page. Reading a bookmark does
/// not consume it: if a page is requested again (because the response was lost, or with a different count), it begins
/// at the same user. Requests do not tell which walk they belong to. Therefore, if several walks of a query have
/// bookmarks at an index, the page begins at the <i>first</i> user of them: the reader has seen everybody up to there,
/// whichever walk it is, and may see some users again. The page is assigned to the walk that expects this index; among
/// several, to the newest, so that abandoned walks expire; if none expects it (it is requested again), to the newest
/// that passed it. A walk that had ended before that one began no longer counts: its reader has seen everybody. An
/// index without a bookmark is counted from the nearest one below.
/// </para>
/// </summary>
internal sealed class Bookmarks(ScimDbContext db, TimeProvider time)
{
    /// <summary>How long a walk is kept after its last page.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    // Longer than any write should take, but shorter than clients wait.
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Where the page with this index begins.</summary>
    public async Task<PageStart> Find(UserQuery query, int startIndex, CancellationToken cancellation)
    {
        if (startIndex == 1)
            return PageStart.First;
        var hash = query.Hash();
        var live =
            from bookmark in db.Set<Bookmark>().AsNoTracking()
            where bookmark.AccountId == query.AccountId && bookmark.Query == hash && bookmark.NextIndex <= startIndex
            join walk in db.Set<Walk>().AsNoTracking()
                on new { bookmark.AccountId, Id = bookmark.WalkId } equals new { walk.AccountId, walk.Id }
            where walk.ExpiresAt > Now()
            orderby bookmark.NextIndex descending
            select new { Bookmark = bookmark, Walk = walk };
        var nextIndex = live.Select(found => (int?)found.Bookmark.NextIndex);
        if (await nextIndex.FirstOrDefaultAsync(cancellation) is not { } index)
            return PageStart.First with { Skip = startIndex - 1 };

        var atIndex = await live.Where(found => found.Bookmark.NextIndex == index).ToListAsync(cancellation);
        var waiting = atIndex.Where(found => found.Walk.NextIndex == index).Select(found => found.Walk).ToList();
        var candidates = waiting.Count > 0 ? waiting : atIndex.ConvertAll(found => found.Walk);
        var newest = candidates.MaxBy(walk => walk.Id)!;
        return new PageStart(
            atIndex.Where(found => !found.Walk.EndedBefore(newest))
                .Select(found => new UserPosition(found.Bookmark.UserId, found.Bookmark.SortValue))
                .Min(query.Order()),
            startIndex - index,
            newest.Id,
            candidates.Where(walk => !walk.EndedBefore(newest)).Max(walk => walk.Total));
    }

    /// <summary>
    /// Saves a bookmark at the end of a page. If that fails, the response is 503, and the client retries. The walk ends
    /// with the last page, unless users are added after it.
    /// </summary>
    public async Task Save(
        UserQuery query, PageStart start, int nextIndex, UserPosition end, bool isLast, CancellationToken cancellation)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        timeout.CancelAfter(WriteTimeout);
        try
        {
            await using var write = await db.BeginWrite(timeout.Token);
            db.Add(new Bookmark
            {
                AccountId = query.AccountId,
                Query = query.Hash(),
                NextIndex = nextIndex,
                Id = Guid.CreateVersion7(time.GetUtcNow()),
                WalkId = await ContinueOrBeginWalk(query.AccountId, start, nextIndex, isLast, timeout.Token),
                UserId = end.Id,
                SortValue = end.Value,
            });
            await db.SaveChangesAsync(timeout.Token);
            await write.Commit(timeout.Token);
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException
            || (failed is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ScimException(ScimError.Unavailable(
                "The server is too busy to save where this page of the list ends. Request the page again.", 1));
        }
    }

    /// <summary>Renews the walk, or begins one, also if it has just been deleted.</summary>
    private async Task<Guid> ContinueOrBeginWalk(
        Guid accountId, PageStart start, int nextIndex, bool isLast, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var (total, expires) = (start.Total, now.UtcDateTime + Lifetime);
        DateTime? ended = isLast ? now.UtcDateTime : null;
        if (start.WalkId is { } known
            && await db.Set<Walk>().Where(walk => walk.AccountId == accountId && walk.Id == known).ExecuteUpdateAsync(
                set => set.SetProperty(walk => walk.NextIndex, nextIndex)
                    .SetProperty(walk => walk.EndedAt, ended)
                    .SetProperty(walk => walk.ExpiresAt, expires)
                    .SetProperty(walk => walk.Total, total),
                cancellation) > 0)
            return known;

        var walk = new Walk
        {
            AccountId = accountId,
            Id = Guid.CreateVersion7(now),
            NextIndex = nextIndex,
            Total = total,
            EndedAt = ended,
            ExpiresAt = expires,
        };
        db.Add(walk);
        return walk.Id;
    }

    private DateTime Now() => time.GetUtcNow().UtcDateTime;
}
