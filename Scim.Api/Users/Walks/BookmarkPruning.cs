using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Shared.Hosting;

namespace Scim.Api.Users.Walks;

/// <summary>
/// Deletes expired walks, and the oldest bookmarks of an account that has very many: either it sends a flood of
/// requests, or the reader of a long walk is far past them. It works in small steps, to delay no write.
/// </summary>
internal sealed class BookmarkPruning(IServiceScopeFactory scopes, TimeProvider time, ILogger<BookmarkPruning> log)
    : PeriodicTask(TimeSpan.FromMinutes(5), scopes, time, log)
{
    /// <summary>
    /// The maximum number of bookmarks of an account. Only after 15 minutes with nothing but new pages, at 100 per
    /// second, would a reader's last bookmark be deleted.
    /// </summary>
    public const int MaxBookmarks = 100_000;

    private const int WalksPerStep = 20;
    private const int BookmarksPerStep = 1000;

    protected override Task Run(IServiceProvider services, CancellationToken cancellation) => Prune(cancellation);

    public async Task Prune(CancellationToken cancellation, int maxBookmarks = MaxBookmarks)
    {
        for (var account = await NextAccount(Guid.Empty, cancellation);
            account is { } id;
            account = await NextAccount(id, cancellation))
        {
            while (await DeleteExpiredWalks(id, cancellation))
            {
            }
            while (await DeleteOldestBookmarks(id, maxBookmarks, cancellation))
            {
            }
        }
    }

    /// <summary>The expired walks of an account.</summary>
    public static IQueryable<Walk> ExpiredWalks(ScimDbContext db, Guid accountId, DateTime now) =>
        db.Set<Walk>().Where(walk => walk.AccountId == accountId && walk.ExpiresAt <= now);

    /// <summary>The next account that has walks.</summary>
    public static IQueryable<Guid?> AccountsWithWalks(ScimDbContext db, Guid after) =>
        db.Set<Walk>().Where(walk => walk.AccountId > after)
            .OrderBy(walk => walk.AccountId)
            .Select(walk => (Guid?)walk.AccountId);

    private async Task<Guid?> NextAccount(Guid after, CancellationToken cancellation)
    {
        await using var scope = Scopes.CreateAsyncScope();
        return await AccountsWithWalks(scope.ServiceProvider.GetRequiredService<ScimDbContext>(), after)
            .FirstOrDefaultAsync(cancellation);
    }

    /// <summary>Deletes some walks in one transaction; returns whether there may be more.</summary>
    private async Task<bool> DeleteExpiredWalks(Guid accountId, CancellationToken cancellation)
    {
        await using var scope = Scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var now = Time.GetUtcNow().UtcDateTime;
        var over = await ExpiredWalks(db, accountId, now).Select(walk => walk.Id).Take(WalksPerStep)
            .ToListAsync(cancellation);
        if (over.Count == 0)
            return false;
        await using var write = await db.BeginWrite(cancellation);
        foreach (var id in over)
        {
            // Unless a late reader has just renewed it.
            var walk = ExpiredWalks(db, accountId, now).Where(walk => walk.Id == id);
            if (await walk.ExecuteDeleteAsync(cancellation) > 0)
                await db.Set<Bookmark>()
                    .Where(b => b.AccountId == accountId && b.WalkId == id)
                    .ExecuteDeleteAsync(cancellation);
        }
        await write.Commit(cancellation);
        return over.Count == WalksPerStep;
    }

    /// <summary>Deletes some bookmarks of an account that has too many; returns whether it still does.</summary>
    private async Task<bool> DeleteOldestBookmarks(Guid accountId, int maxBookmarks, CancellationToken cancellation)
    {
        await using var scope = Scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var bookmarks = db.Set<Bookmark>().Where(bookmark => bookmark.AccountId == accountId);
        var surplus = await bookmarks.CountAsync(cancellation) - maxBookmarks;
        if (surplus <= 0)
            return false;
        await using var write = await db.BeginWrite(cancellation);
        var last = await bookmarks.OrderBy(bookmark => bookmark.SavedAt)
            .Skip(Math.Min(surplus, BookmarksPerStep) - 1)
            .Select(bookmark => (DateTime?)bookmark.SavedAt)
            .FirstOrDefaultAsync(cancellation);
        // Another node has deleted them.
        if (last is null)
            return false;
        await bookmarks.Where(bookmark => bookmark.SavedAt <= last).ExecuteDeleteAsync(cancellation);
        await write.Commit(cancellation);
        return surplus > BookmarksPerStep;
    }
}
