using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Shared.Contracts;
using Shared.Hosting;
using Shared.Hosting.Data;

namespace Scim.Api.Users;

/// <summary>
/// Erases the data of deleted users some time after their deletion: document, names and addresses, also in their
/// events. Ids and times are kept for audits. It works in small steps, so that no other write waits for long. Also
/// deletes and erases the users of connection tests that were interrupted.
/// </summary>
internal sealed class Erasure(
    IServiceScopeFactory scopes, IOptions<ScimOptions> options, TimeProvider time, ILogger<Erasure> log)
    : PeriodicTask(TimeSpan.FromHours(1), scopes, time, log)
{
    private const int StepSize = 20;

    /// <summary>No connection test takes that long.</summary>
    private static readonly TimeSpan longestTest = TimeSpan.FromMinutes(10);

    protected override async Task Run(IServiceProvider services, CancellationToken cancellation)
    {
        await EraseAll(cancellation);
        await EraseInterruptedTests(cancellation);
    }

    /// <summary>Erases all users who are due; returns their number.</summary>
    public async Task<int> EraseAll(CancellationToken cancellation)
    {
        var deletedBefore = Time.GetUtcNow().UtcDateTime - TimeSpan.FromDays(options.Value.EraseDeletedAfterDays);
        var total = 0;
        for (var account = await NextAccount(Guid.Empty, cancellation);
            account is { } id;
            account = await NextAccount(id, cancellation))
        {
            for (var erased = StepSize; erased == StepSize; total += erased)
                erased = await EraseSome(id, deletedBefore, cancellation);
        }
        return total;
    }

    /// <summary>The next account with deleted users who have not been erased.</summary>
    public static IQueryable<Guid?> AccountsToErase(ScimDbContext db, Guid after) => db.Users
        .Where(user => user.DeletedAt != null && user.Document != "" && user.AccountId > after)
        .OrderBy(user => user.AccountId)
        .Select(user => (Guid?)user.AccountId);

    /// <summary>The deleted users of an account who are due, in order of deletion.</summary>
    public static IQueryable<User> UsersToErase(ScimDbContext db, Guid accountId, DateTime deletedBefore) => db.Users
        .Where(user => user.AccountId == accountId
            && user.DeletedAt != null && user.DeletedAt < deletedBefore && user.Document != "")
        .OrderBy(user => user.DeletedAt);

    /// <summary>Erases the users that connection tests have left behind; returns their number.</summary>
    public async Task<int> EraseInterruptedTests(CancellationToken cancellation)
    {
        var now = Time.GetUtcNow().UtcDateTime;
        await using var scope = Scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var left = new List<(Guid Account, Guid User)>();
        for (Guid? account = Guid.Empty; account is { } id; account = await AccountsAfter(db, id, cancellation))
        {
            var found = await UsersOfTests(db, id, createdBefore: now - longestTest).Select(user => user.Id)
                .ToListAsync(cancellation);
            left.AddRange(found.Select(user => (id, user)));
        }
        foreach (var (account, id) in left)
            await EraseTest(db, account, id, now, cancellation);
        return left.Count;
    }

    /// <summary>The users that connection tests have left behind in an account.</summary>
    public static IQueryable<User> UsersOfTests(ScimDbContext db, Guid accountId, DateTime createdBefore) => db.Users
        .Where(user => user.AccountId == accountId && user.DeletedAt == null
            && user.Source == UserSources.ConnectionTest && user.Created < createdBefore);

    private static Task<Guid?> AccountsAfter(ScimDbContext db, Guid after, CancellationToken cancellation) =>
        db.Set<Population>().Where(population => population.AccountId > after)
            .OrderBy(population => population.AccountId)
            .Select(population => (Guid?)population.AccountId)
            .FirstOrDefaultAsync(cancellation);

    private static async Task EraseTest(
        ScimDbContext db, Guid account, Guid id, DateTime now, CancellationToken cancellation)
    {
        await using var write = await db.BeginWrite(cancellation);
        await SqlBatch.Read(
            db, batch => batch.LockAccount(account), results => results.One(AccountLock.ReadTime), cancellation);
        var user = await db.Users.Include(user => user.Emails)
            .SingleAsync(user => user.AccountId == account && user.Id == id, cancellation);
        if (user.DeletedAt is not null)
            return;
        user.Delete(now);
        user.Erase();
        await db.SaveChangesAsync(cancellation);
        await db.Set<Population>().Where(population => population.AccountId == account).ExecuteUpdateAsync(
            change => change.SetProperty(population => population.Users, population => population.Users - 1),
            cancellation);
        await write.Commit(cancellation);
        db.ChangeTracker.Clear();
    }

    private async Task<Guid?> NextAccount(Guid after, CancellationToken cancellation)
    {
        await using var scope = Scopes.CreateAsyncScope();
        return await AccountsToErase(scope.ServiceProvider.GetRequiredService<ScimDbContext>(), after)
            .FirstOrDefaultAsync(cancellation);
    }

    private async Task<int> EraseSome(Guid accountId, DateTime deletedBefore, CancellationToken cancellation)
    {
        await using var scope = Scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await using var write = await db.BeginWrite(cancellation);
        var users = await UsersToErase(db, accountId, deletedBefore).Take(StepSize).ToListAsync(cancellation);
        foreach (var user in users)
        {
            await db.EraseFromEvents(user.AccountId, user.Id, user.UserNameKey, user.DeletedAt!.Value, cancellation);
            user.Erase();
        }
        await db.SaveChangesAsync(cancellation);
        await write.Commit(cancellation);
        return users.Count;
    }
}
