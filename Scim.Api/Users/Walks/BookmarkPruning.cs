using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;

namespace Scim.Api.Users.Walks;

/// <summary>
/// Forgets walks whose time is over, and the oldest bookmarks of an account that leaves very many: it is one that floods,
/// or a long walk whose reader is far ahead of them. Small steps, so that no writer waits for long.
/// </summary>
internal sealed class BookmarkPruning(IServiceScopeFactory scopes, TimeProvider time, ILogger<BookmarkPruning> log)
    : BackgroundService
{
    /// <summary>
    /// How many bookmarks an account may have. Nothing but new pages for a quarter of an hour, at 100 a second, would
    /// push a reader's last bookmark out.
    /// </summary>
    public const int MaxBookmarks = 100_000;

    private const int WalksAtOnce = 20;
    private const int BookmarksAtOnce = 1000;

    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await Prune(stoppingToken);
            }
            catch (Exception failed) when (failed is not OperationCanceledException)
            {
                log.LogError(failed, "Old bookmarks could not be pruned; it is tried again in {Interval}", Interval);
            }
        }
    }

    public async Task Prune(CancellationToken cancellation, int maxBookmarks = MaxBookmarks)
    {
        while (await Step(ForgetWalks, cancellation))
        {
        }
        foreach (var account in await Crowded(maxBookmarks, cancellation))
        {
            while (await Step((db, token) => ForgetOldest(db, account, maxBookmarks, token), cancellation))
            {
            }
        }
    }

    /// <summary>One transaction; whether there may be more to do.</summary>
    private async Task<bool> Step(Func<ScimDbContext, CancellationToken, Task<bool>> forget, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await using var write = await db.BeginWrite(cancellation);
        var more = await forget(db, cancellation);
        await write.Commit(cancellation);
        return more;
    }

    private async Task<bool> ForgetWalks(ScimDbContext db, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var over = await db.Set<Walk>().AsNoTracking()
            .Where(walk => walk.ExpiresAt <= now)
            .OrderBy(walk => walk.AccountId)
            .Take(WalksAtOnce)
            .ToListAsync(cancellation);
        foreach (var walk in over)
        {
            // Unless a late reader renews it just now.
            var forgotten = await db.Set<Walk>()
                .Where(w => w.AccountId == walk.AccountId && w.Id == walk.Id && w.ExpiresAt <= now)
                .ExecuteDeleteAsync(cancellation);
            if (forgotten > 0)
                await db.Set<Bookmark>()
                    .Where(b => b.AccountId == walk.AccountId && b.WalkId == walk.Id)
                    .ExecuteDeleteAsync(cancellation);
        }
        return over.Count == WalksAtOnce;
    }

    private async Task<List<Guid>> Crowded(int maxBookmarks, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Set<Bookmark>()
            .GroupBy(bookmark => bookmark.AccountId)
            .Where(account => account.Count() > maxBookmarks)
            .Select(account => account.Key)
            .ToListAsync(cancellation);
    }

    private static async Task<bool> ForgetOldest(
        ScimDbContext db, Guid accountId, int maxBookmarks, CancellationToken cancellation)
    {
        var bookmarks = db.Set<Bookmark>().Where(bookmark => bookmark.AccountId == accountId);
        var surplus = await bookmarks.CountAsync(cancellation) - maxBookmarks;
        if (surplus <= 0)
            return false;
        var last = await bookmarks.OrderBy(bookmark => bookmark.Id)
            .Skip(Math.Min(surplus, BookmarksAtOnce) - 1)
            .Select(bookmark => bookmark.Id)
            .FirstAsync(cancellation);
        await bookmarks.Where(bookmark => bookmark.Id.CompareTo(last) <= 0).ExecuteDeleteAsync(cancellation);
        return surplus > BookmarksAtOnce;
    }
}
