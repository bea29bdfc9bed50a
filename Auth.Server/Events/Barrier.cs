using System.Globalization;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Events;

/// <summary>
/// Waits until an event is true everywhere: until each node has applied it, or cannot admit anybody by what it knew
/// before. A lease that was granted before the event's commit has run out one lease later; one that is granted after it
/// comes with the event. So nothing but this process's monotonic clock decides: neither the database's clock, which may
/// be set or be another's after a fail-over, nor what a node says of itself.
/// </summary>
internal sealed class Barrier(
    IServiceScopeFactory scopes, EventSignals signals, TimeProvider time, ILogger<Barrier> log)
{
    // For clocks that run at different speeds.
    private static readonly TimeSpan margin = TimeSpan.FromMilliseconds(250);

    // Should a signal be lost, or nobody listen for it.
    private static readonly TimeSpan lookAgain = TimeSpan.FromMilliseconds(25);

    /// <summary>The longest that an event can take.</summary>
    public static TimeSpan Longest => Node.Lease + margin;

    /// <summary>
    /// Returns when the committed event is true everywhere, at the latest after <see cref="Longest"/>.
    /// </summary>
    public async Task<Confirmation> Wait(long number)
    {
        var committed = time.GetTimestamp();
        signals.Events.Pulse();
        // A node that becomes known later asks, or is told, what is true by now.
        Dictionary<Guid, string>? known = null;
        HashSet<Guid> missing = [];
        while (true)
        {
            var next = signals.Acknowledgements.Next;
            // A database that does not answer does not hold the answer up.
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
                    // Whoever has left admits nobody.
                    missing.IntersectWith(await db.Nodes.Select(node => node.Id).ToListAsync(limit.Token));
                }
                if (missing.Count == 0)
                    break;
            }
            // What cannot be read is not confirmed; time alone is enough. What was done is done, so its answer must not
            // be lost, whatever the database does now.
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
/// How an event went round. Nodes that did not confirm it cannot admit anybody by what they knew before either; but
/// they may be frozen or gone, and somebody should look.
/// </summary>
/// <param name="Confirmed">Nodes that have applied it.</param>
/// <param name="Nodes">Nodes that were known.</param>
/// <param name="Elapsed">From the commit on.</param>
/// <param name="Unconfirmed">The names of the others.</param>
internal sealed record Confirmation(int Confirmed, int Nodes, TimeSpan Elapsed, IReadOnlyList<string> Unconfirmed)
{
    /// <summary>In a sentence for people: <c>Confirmed by 4 of 4 nodes in 12 ms.</c></summary>
    public override string ToString()
    {
        if (Nodes == 0)
            return "Not confirmed: no node of Scim.Api has been heard of in the last hour.";
        var milliseconds = Math.Ceiling(Elapsed.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        var nodes = $"{Confirmed} of {Nodes} {(Nodes == 1 ? "node" : "nodes")}";
        return Unconfirmed.Count == 0
            ? $"Confirmed by {nodes} in {milliseconds} ms."
            : $"Confirmed by {nodes}. {string.Join(", ", Unconfirmed)} did not answer in {milliseconds} ms, and "
                + "cannot admit "
                + "anybody by what was true before.";
    }
}
