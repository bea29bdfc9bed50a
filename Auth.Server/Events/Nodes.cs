using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Events;

/// <summary>The nodes of <c>Scim.Api</c>: how they become known, and what each has to be told.</summary>
internal sealed class Nodes(AuthDbContext db, EventSignals signals, NodeRetirement retirement, TimeProvider time)
{
    /// <summary>How many events are told at once.</summary>
    private const int PageSize = 200;

    // Shorter than Node.Memory by far.
    private static readonly TimeSpan rememberAgain = TimeSpan.FromMinutes(10);

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>
    /// Whether a node that was last heard of at a time is known well enough to introspect without being recorded again:
    /// so an introspection costs no write. The time is read in the statement that reads the token, so that whoever ends
    /// the token afterwards sees the node.
    /// </summary>
    public bool IsKnown(DateTime? lastSeen) => lastSeen > Now - rememberAgain;

    /// <summary>
    /// Remembers a node that introspects. What was read before may have been ended by somebody who did not know of the
    /// node.
    /// </summary>
    public async Task Saw(Guid id, string name, CancellationToken cancellation)
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
    /// Takes a poll: what the node has applied, and that it is there. Its lease begins before what it is told is read,
    /// so that whoever ends something either is seen here or sees the node.
    /// </summary>
    /// <returns>Whether the node has to forget all that it knew.</returns>
    public async Task<bool> Take(EventPoll poll, CancellationToken cancellation)
    {
        var acknowledged = poll.Acknowledged.Select(jti => long.TryParse(jti, out var number)
            ? number
            : throw ProblemException.Invalid($"\"{jti}\" is the jti of no event.")).DefaultIfEmpty(0).Max();
        bool reset, retires;
        await using (var write = await db.BeginWrite(cancellation))
        {
            retires = await Record(poll.Node, poll.NodeName, cancellation);
            var last = await db.EventCounter.Select(counter => counter.Last).SingleAsync(cancellation);
            var node = await db.Nodes.AsNoTracking().SingleAsync(node => node.Id == poll.Node, cancellation);
            // A node may know events that an older backup, restored since, does not.
            reset = node.Acknowledged is not { } before
                || Math.Max(before, acknowledged) > last
                || await IsMissing(before + 1, last, cancellation);
            // Until it has forgotten, it has acknowledged nothing: so it is told the last event, and acknowledges that.
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

    /// <summary>What the node has not applied yet, in the order of the numbers; and whether there is more.</summary>
    public async Task<(List<Event> Events, bool MoreAvailable)> Unheard(Guid id, CancellationToken cancellation)
    {
        var events = await db.Events.AsNoTracking()
            .Where(
                e =>
                    e.Number > db.Set<Node>().Where(node => node.Id == id).Select(node => node.Acknowledged)
                        .FirstOrDefault())
            .OrderBy(e => e.Number).Take(PageSize + 1).ToListAsync(cancellation);
        return (events.Take(PageSize).ToList(), events.Count > PageSize);
    }

    /// <summary>Forgets a node that admits nobody any more.</summary>
    public async Task Leave(Guid id, CancellationToken cancellation)
    {
        await using var write = await db.BeginWrite(cancellation);
        await db.Nodes.Where(node => node.Id == id).ExecuteDeleteAsync(cancellation);
        await db.Notify(signals.Acknowledgements, cancellation);
        await write.Commit(cancellation);
        signals.Acknowledgements.Pulse();
    }

    /// <summary>
    /// Events that nobody can need any more are thrown away, and nodes that have not been heard of for long.
    /// </summary>
    public async Task Forget(CancellationToken cancellation)
    {
        await using var write = await db.BeginWrite(cancellation);
        var gone = Now - (2 * Node.Memory);
        await db.Nodes.Where(node => node.LastSeen < gone).ExecuteDeleteAsync(cancellation);
        // Nodes that are known have applied them long since, or are told to begin anew.
        await db.Events.Where(e => e.Time < gone).ExecuteDeleteAsync(cancellation);
        await write.Commit(cancellation);
    }

    /// <summary>Whether an event that the node was not told has been thrown away.</summary>
    private async Task<bool> IsMissing(long next, long last, CancellationToken cancellation) =>
        next <= last && !await db.Events.AnyAsync(e => e.Number == next, cancellation);

    /// <summary>
    /// Records that a node was heard of. One that was not known asks for those to be retired that had its name.
    /// </summary>
    /// <returns>Whether there are such nodes.</returns>
    private async Task<bool> Record(Guid id, string name, CancellationToken cancellation)
    {
        if (name.Length is 0 or > Node.LongestName || name.Any(char.IsControl))
            throw ProblemException.Invalid($"A node's name has 1 to {Node.LongestName} characters, in one line.");
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
