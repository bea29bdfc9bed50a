using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Shared.Hosting;

namespace Scim.Api.Users;

/// <summary>
/// Erases the data of deleted users some time after their deletion: document, names and addresses, also in their
/// events. Ids and times are kept for audits. It works in small steps, so that no other write waits for long.
/// </summary>
internal sealed class Erasure(
    IServiceScopeFactory scopes, IOptions<ScimOptions> options, TimeProvider time, ILogger<Erasure> log)
    : PeriodicTask(TimeSpan.FromHours(1), scopes, time, log)
{
    private const int StepSize = 20;

    protected override Task Run(IServiceProvider services, CancellationToken cancellation) => EraseAll(cancellation);

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
