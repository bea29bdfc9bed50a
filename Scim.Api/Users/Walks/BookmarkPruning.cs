using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Shared.Hosting;

namespace Scim.Api.Users.Walks;

/// <summary>
/// Forgets walks whose time is over, and the oldest bookmarks of an account that leaves very many: it is one that
/// floods, or a long walk whose reader is far ahead of them. Small steps, so that no writer waits for long.
/// </summary>
internal sealed class BookmarkPruning(IServiceScopeFactory scopes, TimeProvider time, ILogger<BookmarkPruning> log)
    : Watch(TimeSpan.FromMinutes(5), scopes, time, log)
{
    /// <summary>
    /// How many bookmarks an account may have. Nothing but new pages for a quarter of an hour, at 100 a second, would
    /// push a reader's last bookmark out.
    /// </summary>
    public const int MaxBookmarks = 100_000;

    private const int WalksAtOnce = 20;
    private const int BookmarksAtOnce = 1000;

    protected override Task Look(IServiceProvider services, CancellationToken cancellation) => Prune(cancellation);

    public async Task Prune(CancellationToken cancellation, int maxBookmarks = MaxBookmarks)
    {
        for (var account = await NextAccount(Guid.Empty, cancellation);
            account is { } id;
            account = await NextAccount(id, cancellation))
        {
            while (await ForgetWalks(id, cancellation))
            {
            }
            while (await ForgetOldest(id, maxBookmarks, cancellation))
            {
            }
        }
    }

    /// <summary>The walks of an account whose time is over.</summary>
    public static IQueryable<Walk> WalksOver(ScimDbContext db, Guid accountId, DateTime now) =>
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

    /// <summary>Forgets some walks in one transaction; returns whether there may be more.</summary>
    private async Task<bool> ForgetWalks(Guid accountId, CancellationToken cancellation)
    {
        await using var scope = Scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var now = Time.GetUtcNow().UtcDateTime;
        var over = await WalksOver(db, accountId, now).Select(walk => walk.Id).Take(WalksAtOnce)
            .ToListAsync(cancellation);
        if (over.Count == 0)
            return false;
        await using var write = await db.BeginWrite(cancellation);
        foreach (var id in over)
        {
            // Unless a late reader renews it just now.
            if (await WalksOver(db, accountId, now).Where(walk => walk.Id == id).ExecuteDeleteAsync(cancellation) > 0)
                await db.Set<Bookmark>()
                    .Where(b => b.AccountId == accountId && b.WalkId == id)
                    .ExecuteDeleteAsync(cancellation);
        }
        await write.Commit(cancellation);
        return over.Count == WalksAtOnce;
    }

    /// <summary>Forgets some bookmarks of an account that has too many; returns whether it still has.</summary>
    private async Task<bool> ForgetOldest(Guid accountId, int maxBookmarks, CancellationToken cancellation)
    {
        await using var scope = Scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var bookmarks = db.Set<Bookmark>().Where(bookmark => bookmark.AccountId == accountId);
        var surplus = await bookmarks.CountAsync(cancellation) - maxBookmarks;
        if (surplus <= 0)
            return false;
        await using var write = await db.BeginWrite(cancellation);
        var last = await bookmarks.OrderBy(bookmark => bookmark.Id)
            .Skip(Math.Min(surplus, BookmarksAtOnce) - 1)
            .Select(bookmark => (Guid?)bookmark.Id)
            .FirstOrDefaultAsync(cancellation);
        // Another node was faster.
        if (last is null)
            return false;
        await bookmarks.Where(bookmark => bookmark.Id <= last).ExecuteDeleteAsync(cancellation);
        await write.Commit(cancellation);
        return surplus > BookmarksAtOnce;
    }
}
