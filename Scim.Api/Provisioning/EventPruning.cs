using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Scim.Api.Data;
using Shared.Hosting;

namespace Scim.Api.Provisioning;

/// <summary>
/// Deletes events after <see cref="ScimOptions.KeepEventsDays"/>, account by account, the oldest first, and in small
/// batches, so that no writer waits for long.
/// </summary>
internal sealed class EventPruning(
    IServiceScopeFactory scopes, IOptions<ScimOptions> options, TimeProvider time, ILogger<EventPruning> log)
    : PeriodicTask(TimeSpan.FromHours(1), scopes, time, log)
{
    public const int BatchSize = 500;

    protected override Task Run(IServiceProvider services, CancellationToken cancellation) => PruneAll(cancellation);

    /// <summary>Deletes every event that is too old, and returns how many there were.</summary>
    public async Task<int> PruneAll(CancellationToken cancellation)
    {
        // Ids are in order of time.
        var end = Guid.CreateVersion7(Time.GetUtcNow() - TimeSpan.FromDays(options.Value.KeepEventsDays));
        var total = 0;
        for (var account = await NextAccount(Guid.Empty, cancellation);
            account is { } id;
            account = await NextAccount(id, cancellation))
        {
            for (var deleted = BatchSize; deleted == BatchSize; total += deleted)
                deleted = await PruneBatch(id, end, cancellation);
        }
        return total;
    }

    private async Task<Guid?> NextAccount(Guid after, CancellationToken cancellation)
    {
        await using var scope = Scopes.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<ScimDbContext>().AccountsWithEvents(after)
            .FirstOrDefaultAsync(cancellation);
    }

    private async Task<int> PruneBatch(Guid accountId, Guid end, CancellationToken cancellation)
    {
        await using var scope = Scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await using var write = await db.BeginWrite(cancellation);
        var oldest = db.EventsBefore(accountId, end).Select(e => e.Id).Take(BatchSize);
        var deleted = await db.EventsOf(accountId).Where(e => oldest.Contains(e.Id)).ExecuteDeleteAsync(cancellation);
        await write.Commit(cancellation);
        return deleted;
    }
}
