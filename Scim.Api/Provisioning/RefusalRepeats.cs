using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Shared.Hosting;

namespace Scim.Api.Provisioning;

/// <summary>
/// Adds to events how often their refusals were repeated, every few seconds and when the process stops.
/// </summary>
internal sealed class RefusalRepeats(
    ProvisioningLog provisioningLog, IServiceScopeFactory scopes, TimeProvider time, ILogger<RefusalRepeats> log)
    : PeriodicTask(TimeSpan.FromSeconds(5), scopes, time, log)
{
    /// <summary>Writes what has been counted. If it fails, the counts are lost; they are for people to read.</summary>
    public async Task Write(CancellationToken cancellation)
    {
        var repeated = provisioningLog.TakeRepeats();
        if (repeated.Count == 0)
            return;
        await using var scope = Scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await using var write = await db.BeginWrite(cancellation);
        foreach (var (accountId, eventId, repeats) in repeated)
        {
            await db.EventsOf(accountId).Where(e => e.Id == eventId).ExecuteUpdateAsync(
                set => set.SetProperty(e => e.Repeats, e => e.Repeats + repeats), cancellation);
        }
        await write.Commit(cancellation);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await Write(cancellationToken);
        }
        catch (Exception error)
        {
            Log.LogWarning(error, "The last repetitions of refusals could not be saved");
        }
    }

    protected override Task Run(IServiceProvider services, CancellationToken cancellation) => Write(cancellation);
}
