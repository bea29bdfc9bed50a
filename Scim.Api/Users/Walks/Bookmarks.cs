using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Users.Search;

namespace Scim.Api.Users.Walks;

/// <summary>
/// Where a page begins: behind a user, or at the beginning, after leaving out some. It goes on with a walk, or begins
/// one; the walk began with a total.
/// </summary>
internal sealed record Place(UserPosition? After, int Skip, Guid? WalkId, int Total)
{
    public static Place Beginning { get; } = new(null, 0, null, 0);
}

/// <summary>
/// Makes walks by index (RFC 7644 §3.4.2.4) lose nobody, though deletions push people to lower indexes: each page
/// leaves a bookmark at its end, and a page that begins where a bookmark is goes on from there.
/// <para>
/// A bookmark is in the database before its page is answered, so the next page may come to any node. Reading one does
/// not consume it: a page that is asked again (the answer was lost, the count is another) begins where it began before.
/// Who walks cannot be seen. So if several walks of a query left bookmarks at an index, the page begins at the
/// <i>lowest</i>: its reader has been shown everybody up to there, whichever walk it is, and may be shown some again.
/// It is taken for a page of the walk that waits for this index; of several for the youngest, so that walks that were
/// broken off die; and if none waits (it is asked again) for the youngest that came by. A walk that had come to its end
/// before that one began counts no more: its reader has seen everybody. An index without a bookmark is counted from the
/// nearest one below.
/// </para>
/// </summary>
internal sealed class Bookmarks(ScimDbContext db, TimeProvider time)
{
    /// <summary>How long a walk is remembered after its last page.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    // Longer than any write should take, shorter than clients wait.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Where the page with this index begins.</summary>
    public async Task<Place> Find(UserQuery query, int startIndex, CancellationToken cancellation)
    {
        if (startIndex == 1)
            return Place.Beginning;
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
            return Place.Beginning with { Skip = startIndex - 1 };

        var here = await live.Where(found => found.Bookmark.NextIndex == index).ToListAsync(cancellation);
        var waiting = here.Where(found => found.Walk.NextIndex == index).Select(found => found.Walk).ToList();
        var candidates = waiting.Count > 0 ? waiting : here.ConvertAll(found => found.Walk);
        var youngest = candidates.MaxBy(walk => walk.Id)!;
        return new Place(
            here.Where(found => !found.Walk.EndedBefore(youngest))
                .Select(found => new UserPosition(found.Bookmark.UserId, found.Bookmark.SortValue))
                .Min(query.Order()),
            startIndex - index,
            youngest.Id,
            candidates.Where(walk => !walk.EndedBefore(youngest)).Max(walk => walk.Total));
    }

    /// <summary>
    /// Leaves a bookmark where a page ended, durably; one that cannot be left is 503, and the client asks again. If the
    /// page is the last one, the walk has come to its end, until somebody is new behind it.
    /// </summary>
    public async Task Leave(
        UserQuery query, Place place, int nextIndex, UserPosition end, bool isLast, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(Patience);
        try
        {
            await using var write = await db.BeginWrite(patience.Token);
            db.Add(new Bookmark
            {
                AccountId = query.AccountId,
                Query = query.Hash(),
                NextIndex = nextIndex,
                Id = Guid.CreateVersion7(time.GetUtcNow()),
                WalkId = await GoOn(query.AccountId, place, nextIndex, isLast, patience.Token),
                UserId = end.Id,
                SortValue = end.Value,
            });
            await db.SaveChangesAsync(patience.Token);
            await write.Commit(patience.Token);
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException
            || (failed is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ScimException(ScimError.Unavailable(
                "The server is too busy to remember where this page of the list ends. Please ask for it again.", 1));
        }
    }

    /// <summary>Renews the walk, or begins one: also if it was forgotten a moment ago.</summary>
    private async Task<Guid> GoOn(
        Guid accountId, Place place, int nextIndex, bool isLast, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var (total, expires) = (place.Total, now.UtcDateTime + Lifetime);
        DateTime? ended = isLast ? now.UtcDateTime : null;
        if (place.WalkId is { } known
            && await db.Set<Walk>().Where(walk => walk.AccountId == accountId && walk.Id == known).ExecuteUpdateAsync(
                set => set.SetProperty(walk => walk.NextIndex, nextIndex)
                    .SetProperty(walk => walk.EndedAt, ended)
                    .SetProperty(walk => walk.ExpiresAt, expires)
                    .SetProperty(walk => walk.Total, total),
                cancellation) > 0)
            return known;

        var begun = new Walk
        {
            AccountId = accountId,
            Id = Guid.CreateVersion7(now),
            NextIndex = nextIndex,
            Total = total,
            EndedAt = ended,
            ExpiresAt = expires,
        };
        db.Add(begun);
        return begun.Id;
    }

    private DateTime Now() => time.GetUtcNow().UtcDateTime;
}
