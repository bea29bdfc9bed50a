using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Users.Search;
using Shared.Hosting.Data;

namespace Scim.Api.Users.Walks;

/// <summary>
/// Where a page begins: after a user or at the beginning, after skipping some users.
/// </summary>
/// <param name="After">The user; null is the beginning.</param>
/// <param name="Skip">How many users to skip.</param>
/// <param name="Total">The total at the beginning of the reader's walk; 0 if it begins now.</param>
/// <param name="Walk">The walk that the page continues, or begins from; null if there is none.</param>
/// <param name="ContinuesWalk">Whether the reader of that walk, and nobody else, can be reading this page.</param>
internal sealed record PageStart(UserPosition? After, int Skip, int Total, Walk? Walk, bool ContinuesWalk)
{
    public static PageStart First { get; } = new(null, 0, 0, null, ContinuesWalk: false);
}

/// <summary>
/// Ensures that walks by index (RFC 7644 §3.4.2.4) miss nobody, although deletions move users to lower indexes. Each
/// page saves a bookmark at its end, and a page that begins at a bookmark continues from there.
/// <para>
/// What it guarantees: a reader stands at the bookmark of its last page, until it has read to the end or nothing for
/// <see cref="Lifetime"/>. A page begins at the first position where its reader may stand, so it misses nobody, and
/// begins exactly there if only one reader can be asking. A bookmark is in the database before its page is sent, so
/// any node can serve the next page, and reading does not consume it, so that a page can be requested again (because
/// the response was lost, or with a different count).
/// </para>
/// <para>
/// Requests do not tell who reads. A walk therefore has one reader, or is shared: where a page ends at the bookmark of
/// another walk, a shared walk takes the bookmark over, and whoever continues from there begins a walk of its own. So
/// however often a page is requested, and by however many, its end remains one bookmark, and the third request changes
/// nothing. (The second must: afterwards, one of two readers may have left.) If several walks have bookmarks at an
/// index, the page begins at the first of their positions, and its reader may see some users again. A walk that had
/// ended before the newest of them began no longer counts: its only reader has seen everybody. A shared walk never
/// ends, but expires. An index without a bookmark is counted from the nearest one below.
/// </para>
/// <para>
/// Indexes that never change would need no bookmarks, but a deleted user would have to keep its place: pages would be
/// short or empty, and clients that add <c>itemsPerPage</c> to the index would read users twice or never finish.
/// </para>
/// </summary>
internal sealed class Bookmarks(ScimDbContext db, TimeProvider time)
{
    /// <summary>How long a walk is kept after its last page.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(30);

    // By how much the lifetime may be shorter, so that a walk is not written at each page.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(30);

    // Longer than any write should take, but shorter than clients wait.
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Where the page with this index begins.</summary>
    public async Task<PageStart> Find(UserQuery query, int startIndex, CancellationToken cancellation)
    {
        if (startIndex == 1)
            return PageStart.First;
        var found = await db.FindBookmarks(query, startIndex, time.GetUtcNow().UtcDateTime, cancellation);
        if (found.Count == 0)
            return PageStart.First with { Skip = startIndex - 1 };

        var newest = found.Select(one => one.Walk!).MaxBy(walk => walk.Id)!;
        var current = found.Where(one => !one.Walk!.EndedBefore(newest)).ToList();
        var skip = startIndex - found[0].NextIndex;
        return new PageStart(
            current.Select(one => one.Position).Min(query.Order()),
            skip,
            current.Max(one => one.Walk!.Total),
            newest,
            ContinuesWalk: skip == 0 && !newest.IsShared && current.TrueForAll(one => one.WalkId == newest.Id));
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
            // If another request has just changed the same rows, a walk of its own is always correct.
            while (!await TrySave(query, start, nextIndex, end, isLast, timeout.Token))
                start = start with { Walk = null, ContinuesWalk = false };
        }
        catch (Exception failed) when (failed is DbException or DbUpdateException
            || (failed is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new ScimException(ScimError.Unavailable(
                "The server is too busy to save where this page of the list ends. Request the page again.", 1));
        }
    }

    /// <summary>Saves a bookmark; returns false if another request has just changed what it depends on.</summary>
    private async Task<bool> TrySave(
        UserQuery query, PageStart start, int nextIndex, UserPosition end, bool isLast, CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        var there = await db.FindBookmark(query, nextIndex, end.Id, now.UtcDateTime, cancellation);
        var own = start.ContinuesWalk ? start.Walk : null;
        var other = there?.Walk is { EndedAt: null } met && met.Id != own?.Id ? met : null;
        var known = other is null ? own : other.IsShared ? other : null;
        var walk = known ?? new Walk
        {
            AccountId = query.AccountId,
            Id = Guid.CreateVersion7(now),
            IsShared = other is not null,
            Total = 0,
            ExpiresAt = now.UtcDateTime,
        };
        walk = Renewed(walk, now.UtcDateTime) with
        {
            Total = Math.Max(Math.Max(walk.Total, start.Total), other?.Total ?? 0),
            EndedAt = isLast && !walk.IsShared ? walk.EndedAt ?? now.UtcDateTime : null,
        };
        var isTaken = other is not null || (own is not null && there?.WalkId == own.Id);
        var bookmark = new Bookmark
        {
            AccountId = query.AccountId,
            Query = query.Hash(),
            NextIndex = nextIndex,
            UserId = end.Id,
            SortValue = isTaken ? new[] { there!.Position, end }.Min(query.Order())!.Value : end.Value,
            WalkId = walk.Id,
            SavedAt = now.UtcDateTime,
        };

        var writes = new List<Action<SqlBatch>>();
        if (known is null)
            writes.Add(batch => batch.InsertWalk(walk));
        else if (walk != known)
            writes.Add(batch => batch.UpdateWalk(walk));
        // If the response is lost, the page is requested again from where it began.
        if (start.Walk is { } source && source.Id != walk.Id && Renewed(source, now.UtcDateTime) != source)
            writes.Add(batch => batch.UpdateWalk(Renewed(source, now.UtcDateTime)));
        if (there?.WalkId != walk.Id || there.Position.Value != bookmark.SortValue)
            writes.Add(batch => batch.SaveBookmark(bookmark, there?.WalkId));
        return writes.Count == 0 || await Write(writes, cancellation);
    }

    /// <summary>Runs statements that each return a row; returns false if one does not.</summary>
    private async Task<bool> Write(List<Action<SqlBatch>> writes, CancellationToken cancellation)
    {
        await using var write = await db.BeginWrite(cancellation);
        using var batch = SqlBatch.On(db);
        writes.ForEach(add => add(batch));
        await using (var results = await batch.Read(cancellation))
        {
            for (var i = 0; i < writes.Count; i++)
                if ((await results.All(row => row.GetGuid(0))).Count == 0)
                    return false;
        }
        await write.Commit(cancellation);
        return true;
    }

    private static Walk Renewed(Walk walk, DateTime now) =>
        walk.ExpiresAt < now + Lifetime - Tolerance ? walk with { ExpiresAt = now + Lifetime } : walk;
}
