using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Scim.Api.Data;
using Scim.Api.Provisioning;

namespace Scim.Api.Users;

/// <summary>
/// Erases what deleted users were, some time after their deletion: document, names and addresses, also in the events of
/// them. Id and times stay, for audit. It goes in small steps, so that no writer waits for long.
/// </summary>
internal sealed class Erasure(
    IServiceScopeFactory scopes, IOptions<ScimOptions> options, TimeProvider time, ILogger<Erasure> log)
    : BackgroundService
{
    private const int StepSize = 20;

    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await EraseAll(stoppingToken);
            }
            catch (Exception failed) when (failed is not OperationCanceledException)
            {
                log.LogError(failed, "Deleted users could not be erased; it is tried again in {Interval}", Interval);
            }
        }
    }

    /// <summary>Erases everyone whose time has come; answers how many.</summary>
    public async Task<int> EraseAll(CancellationToken cancellation)
    {
        var deletedBefore = time.GetUtcNow().UtcDateTime - TimeSpan.FromDays(options.Value.EraseDeletedAfterDays);
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

    /// <summary>The next account that has deleted users who are not erased.</summary>
    public static IQueryable<Guid?> AccountsToErase(ScimDbContext db, Guid after) => db.Users
        .Where(user => user.DeletedAt != null && user.Document != "" && user.AccountId > after)
        .OrderBy(user => user.AccountId)
        .Select(user => (Guid?)user.AccountId);

    /// <summary>The deleted users of an account whose time has come, the first deleted first.</summary>
    public static IQueryable<User> UsersToErase(ScimDbContext db, Guid accountId, DateTime deletedBefore) => db.Users
        .Where(user => user.AccountId == accountId
            && user.DeletedAt != null && user.DeletedAt < deletedBefore && user.Document != "")
        .OrderBy(user => user.DeletedAt);

    private async Task<Guid?> NextAccount(Guid after, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        return await AccountsToErase(scope.ServiceProvider.GetRequiredService<ScimDbContext>(), after)
            .FirstOrDefaultAsync(cancellation);
    }

    private async Task<int> EraseSome(Guid accountId, DateTime deletedBefore, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await using var write = await db.BeginWrite(cancellation);
        var users = await UsersToErase(db, accountId, deletedBefore).Take(StepSize).ToListAsync(cancellation);
        foreach (var user in users)
        {
            await db.Forget(user.AccountId, user.Id, user.UserNameKey, user.DeletedAt!.Value, cancellation);
            user.Erase();
        }
        await db.SaveChangesAsync(cancellation);
        await write.Commit(cancellation);
        return users.Count;
    }
}
