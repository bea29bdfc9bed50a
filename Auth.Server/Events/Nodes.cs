using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Events;

/// <summary>
/// The nodes of <c>Scim.Api</c>: records their contacts, and finds the events that each has yet to apply.
/// </summary>
internal sealed class Nodes(AuthDbContext db, EventSignals signals, NodeRetirement retirement, TimeProvider time)
{
    /// <summary>The maximum number of events in one response.</summary>
    private const int PageSize = 200;

    // Much shorter than Node.Memory.
    private static readonly TimeSpan recordEvery = TimeSpan.FromMinutes(10);

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>
    /// Whether a node's last contact is recent enough that an introspection need not record it again,
    /// which saves a write. The time is read in the same statement as the token, so that a revocation
    /// after that statement sees the node.
    /// </summary>
    public bool IsKnown(DateTime? lastSeen) => lastSeen > Now - recordEvery;

    /// <summary>
    /// Records a node that introspects. A token read before this may have been revoked without waiting for the node,
    /// so it must be read again.
    /// </summary>
    public async Task RecordIntrospection(Guid id, string name, CancellationToken cancellation)
    {
        bool retires;
        await using (var write = await db.BeginWrite(cancellation))
        {
            retires = await Record(id, name, cancellation);
            await write.Commit(cancellation);
        }
        if (retires)
            retirement.Begin();
    }

    /// <summary>
    /// Records a poll: the node's contact and the events that it has applied. This happens before the events for its
    /// response are read, so that a concurrent revocation either is read here or waits for the node.
    /// </summary>
    /// <returns>Whether the node must discard everything that it knows.</returns>
    public async Task<bool> RecordPoll(EventPoll poll, CancellationToken cancellation)
    {
        var acknowledged = poll.Acknowledged.Select(jti => long.TryParse(jti, out var number)
            ? number
            : throw ProblemException.Invalid($"\"{jti}\" is not the jti of an event.")).DefaultIfEmpty(0).Max();
        bool reset, retires;
        await using (var write = await db.BeginWrite(cancellation))
        {
            retires = await Record(poll.Node, poll.NodeName, cancellation);
            var last = await db.EventCounter.Select(counter => counter.Last).SingleAsync(cancellation);
            var node = await db.Nodes.AsNoTracking().SingleAsync(node => node.Id == poll.Node, cancellation);
            // The node may know events that are missing because an older backup was restored.
            reset = node.Acknowledged is not { } before
                || Math.Max(before, acknowledged) > last
                || await IsMissing(before + 1, last, cancellation);
            // After a reset, the node has acknowledged nothing yet. It receives the last event
            // again, and acknowledges it.
            var known = !reset ? Math.Max(node.Acknowledged!.Value, acknowledged)
                : await IsMissing(last, last, cancellation) ? last : last - 1;
            if (known != node.Acknowledged)
            {
                await db.Nodes.Where(n => n.Id == poll.Node).ExecuteUpdateAsync(
                    change => change.SetProperty(n => n.Acknowledged, known), cancellation);
                await db.Notify(signals.Acknowledgements, cancellation);
            }
            await write.Commit(cancellation);
        }
        signals.Acknowledgements.Pulse();
        if (retires)
            retirement.Begin();
        return reset;
    }

    /// <summary>The events that the node has not applied yet, ordered by number, and whether there are more.</summary>
    public async Task<(List<Event> Events, bool MoreAvailable)> PendingEvents(Guid id, CancellationToken cancellation)
    {
        var events = await db.Events.AsNoTracking()
            .Where(e => e.Number > db.Set<Node>()
                .Where(node => node.Id == id).Select(node => node.Acknowledged).FirstOrDefault())
            .OrderBy(e => e.Number).Take(PageSize + 1).ToListAsync(cancellation);
        return (events.Take(PageSize).ToList(), events.Count > PageSize);
    }

    /// <summary>Removes a node that stops and accepts no more requests.</summary>
    public async Task Leave(Guid id, CancellationToken cancellation)
    {
        await using var write = await db.BeginWrite(cancellation);
        await db.Nodes.Where(node => node.Id == id).ExecuteDeleteAsync(cancellation);
        await db.Notify(signals.Acknowledgements, cancellation);
        await write.Commit(cancellation);
        signals.Acknowledgements.Pulse();
    }

    /// <summary>Deletes nodes without recent contact, and events that no node can need any more.</summary>
    public async Task Forget(CancellationToken cancellation)
    {
        await using var write = await db.BeginWrite(cancellation);
        var gone = Now - (2 * Node.Memory);
        await db.Nodes.Where(node => node.LastSeen < gone).ExecuteDeleteAsync(cancellation);
        // The remaining nodes have applied these events long ago, or will be told to reset.
        await db.Events.Where(e => e.Time < gone).ExecuteDeleteAsync(cancellation);
        await write.Commit(cancellation);
    }

    /// <summary>Whether an event that the node has not received has been deleted.</summary>
    private async Task<bool> IsMissing(long next, long last, CancellationToken cancellation) =>
        next <= last && !await db.Events.AnyAsync(e => e.Number == next, cancellation);

    /// <summary>Records a node's contact. A new node marks earlier nodes of the same name for retirement.</summary>
    /// <returns>Whether there are such nodes.</returns>
    private async Task<bool> Record(Guid id, string name, CancellationToken cancellation)
    {
        if (name.Length is 0 or > Node.LongestName || name.Any(char.IsControl))
            throw ProblemException.Invalid($"A node's name must be one line of 1 to {Node.LongestName} characters.");
        var now = Now;
        var known = await db.Nodes.Where(node => node.Id == id).ExecuteUpdateAsync(
            change => change.SetProperty(node => node.LastSeen, now).SetProperty(node => node.Retirement, (Guid?)null),
            cancellation);
        if (known > 0)
            return false;
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "Nodes" ("Id", "Name", "LastSeen") VALUES ({id}, {name}, {now})
            ON CONFLICT ("Id") DO UPDATE SET "LastSeen" = excluded."LastSeen", "Retirement" = NULL
            """,
            cancellation);
        Guid? mark = Guid.NewGuid();
        return await db.Nodes.Where(node => node.Name == name && node.Id != id).ExecuteUpdateAsync(
            change => change.SetProperty(node => node.Retirement, mark), cancellation) > 0;
    }
}
