using System.Globalization;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Events;

/// <summary>
/// Waits until an event is in effect everywhere: until each node has either applied it or can no longer accept requests
/// based on what it knew before. A lease granted before the event's commit expires within one lease period; a lease
/// granted afterwards comes with the event. So only this process's monotonic clock decides: not the database's clock,
/// which may be changed or belong to another server after a failover, and not what a node says about itself.
/// </summary>
internal sealed class Barrier(
    IServiceScopeFactory scopes, EventSignals signals, TimeProvider time, ILogger<Barrier> log)
{
    // Allows for clocks that run at different speeds.
    private static readonly TimeSpan margin = TimeSpan.FromMilliseconds(250);

    // In case a signal is lost, or nothing listens for it.
    private static readonly TimeSpan lookAgain = TimeSpan.FromMilliseconds(25);

    /// <summary>The maximum time until an event is in effect on every node.</summary>
    public static TimeSpan Longest => Node.Lease + margin;

    /// <summary>
    /// Returns when the committed event is in effect everywhere, at the latest after <see cref="Longest"/>.
    /// </summary>
    public async Task<Confirmation> Wait(long number)
    {
        var committed = time.GetTimestamp();
        signals.Events.Pulse();
        // A node that becomes known later learns the current state anyway.
        Dictionary<Guid, string>? known = null;
        HashSet<Guid> missing = [];
        while (true)
        {
            var next = signals.Acknowledgements.Next;
            // A database that does not respond must not delay the caller.
            var left = Longest - time.GetElapsedTime(committed);
            using var limit = new CancellationTokenSource(left > lookAgain ? left : lookAgain, time);
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
                if (known is null)
                {
                    known = await Known(db, limit.Token);
                    missing = [.. known.Keys];
                }
                if (missing.Count > 0)
                {
                    missing.ExceptWith(await db.Nodes.Where(node => node.Acknowledged >= number).Select(node => node.Id)
                        .ToListAsync(limit.Token));
                    // A node that has left accepts no requests.
                    missing.IntersectWith(await db.Nodes.Select(node => node.Id).ToListAsync(limit.Token));
                }
                if (missing.Count == 0)
                    break;
            }
            // The change is committed, so the caller must get its result whatever the database does now.
            // Acknowledgements that cannot be read count as missing; then the time limit alone is enough.
            catch (Exception error)
            {
                log.LogWarning(
                    "The acknowledgements of event {Number} cannot be read: {Reason}", number, error.Message);
            }

            left = Longest - time.GetElapsedTime(committed);
            if (left <= TimeSpan.Zero)
                break;
            await Task.WhenAny(next, Task.Delay(left < lookAgain ? left : lookAgain, time));
        }

        Confirmation confirmation = new(
            (known?.Count ?? 0) - missing.Count,
            known?.Count ?? 0,
            time.GetElapsedTime(committed),
            [.. missing.Select(id => known![id]).Order(StringComparer.Ordinal)]);
        log.LogInformation("Event {Number}: {Confirmation}", number, confirmation);
        return confirmation;
    }

    private async Task<Dictionary<Guid, string>> Known(AuthDbContext db, CancellationToken cancellation)
    {
        var since = time.GetUtcNow().UtcDateTime - Node.Memory;
        return await db.Nodes.Where(node => node.LastSeen > since).ToDictionaryAsync(
            node => node.Id, node => node.Name, cancellation);
    }
}

/// <summary>
/// Which nodes have confirmed an event. The others can no longer accept requests based on what they knew before either,
/// but they may be frozen or gone, and somebody should check them.
/// </summary>
/// <param name="Confirmed">Nodes that have applied it.</param>
/// <param name="Nodes">Nodes that were known.</param>
/// <param name="Elapsed">The time since the commit.</param>
/// <param name="Unconfirmed">The names of the nodes that have not confirmed.</param>
internal sealed record Confirmation(int Confirmed, int Nodes, TimeSpan Elapsed, IReadOnlyList<string> Unconfirmed)
{
    /// <summary>A sentence for people: <c>Confirmed by 4 of 4 nodes in 12 ms.</c></summary>
    public override string ToString()
    {
        if (Nodes == 0)
            return "Not confirmed: there is no node of Scim.Api at the moment.";
        var milliseconds = Math.Ceiling(Elapsed.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        var nodes = $"{Confirmed} of {Nodes} {(Nodes == 1 ? "node" : "nodes")}";
        return Unconfirmed.Count == 0
            ? $"Confirmed by {nodes} in {milliseconds} ms."
            : $"Confirmed by {nodes}. {string.Join(", ", Unconfirmed)} did not answer within {milliseconds} ms, "
                + "but can no longer accept what has ended.";
    }
}
