using System.Collections.Concurrent;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Events;

/// <summary>The nodes of <c>Scim.Api</c>: how they become known, and what each has to be told.</summary>
internal sealed class Nodes(AuthDbContext db, EventSignals signals, NodeMemory memory, TimeProvider time)
{
    /// <summary>How many events are told at once.</summary>
    private const int PageSize = 200;

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>
    /// Remembers a node that introspects. If that writes its row, what was read before may have been ended by somebody who
    /// did not know of the node.
    /// </summary>
    /// <returns>Whether a row was written.</returns>
    public async Task<bool> Saw(Guid id, string name, CancellationToken cancellation)
    {
        if (memory.Saw(id, Now))
            return false;
        await using (var write = await db.BeginWrite(cancellation))
        {
            await Upsert(id, name, cancellation);
            await write.Commit(cancellation);
        }
        memory.Remember(id, Now);
        return true;
    }

    /// <summary>
    /// Takes a poll: what the node has applied, and that it is there. Its lease begins before what it is told is read, so
    /// that whoever ends something either is seen here or sees the node.
    /// </summary>
    /// <returns>Whether the node has to forget all that it knew.</returns>
    public async Task<bool> Take(EventPoll poll, CancellationToken cancellation)
    {
        var acknowledged = poll.Acknowledged.Select(jti => long.TryParse(jti, out var number)
            ? number
            : throw ProblemException.Invalid($"\"{jti}\" is the jti of no event.")).DefaultIfEmpty(0).Max();
        bool reset;
        await using (var write = await db.BeginWrite(cancellation))
        {
            await Upsert(poll.Node, poll.NodeName, cancellation);
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
        return reset;
    }

    /// <summary>What the node has not applied yet, in the order of the numbers; and whether there is more.</summary>
    public async Task<(List<Event> Events, bool MoreAvailable)> Unheard(Guid id, CancellationToken cancellation)
    {
        var events = await db.Events.AsNoTracking()
            .Where(e => e.Number > db.Nodes.Where(node => node.Id == id).Select(node => node.Acknowledged).FirstOrDefault())
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
        memory.Forget(id);
        signals.Acknowledgements.Pulse();
    }

    /// <summary>Events that nobody can need any more are thrown away, and nodes that have not been heard of for long.</summary>
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

    private async Task Upsert(Guid id, string name, CancellationToken cancellation)
    {
        if (name.Length is 0 or > Node.LongestName || name.Any(char.IsControl))
            throw ProblemException.Invalid($"A node's name has 1 to {Node.LongestName} characters, in one line.");
        var now = Now;
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "Nodes" ("Id", "Name", "LastSeen") VALUES ({id}, {name}, {now})
            ON CONFLICT ("Id") DO UPDATE SET "LastSeen" = excluded."LastSeen"
            """,
            cancellation);
    }
}

/// <summary>
/// Which nodes this process has written down a short while ago, so that an introspection costs no write. Another process
/// may have forgotten one that leaves meanwhile; it has stopped introspecting.
/// </summary>
internal sealed class NodeMemory
{
    // Shorter than Node.Memory by far.
    private static readonly TimeSpan span = TimeSpan.FromMinutes(10);
    private readonly ConcurrentDictionary<Guid, DateTime> seen = new();

    public bool Saw(Guid id, DateTime now) => seen.TryGetValue(id, out var at) && now - at < span && now >= at;

    public void Remember(Guid id, DateTime now)
    {
        foreach (var (old, at) in seen)
        {
            if (now - at > span)
                seen.TryRemove(old, out _);
        }
        seen[id] = now;
    }

    public void Forget(Guid id) => seen.TryRemove(id, out _);
}
