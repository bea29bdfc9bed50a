using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Events;

/// <summary>
/// Retires nodes under whose name another has started: after <c>kill -9</c>, every ending would wait for them for an
/// hour.
/// <para>
/// A node that starts marks those that had its name. From then on, every process of this server that hears of a marked
/// node clears the mark before it answers. If a mark has stayed for the longest time that a node may rely on what it
/// heard before (<see cref="Barrier.Longest"/>), nothing that the node was told is of use any more, and it is forgotten
/// like one that has left. Should it wake up, it is recorded again before it gets an answer, and told to forget what it
/// knew. Two live nodes with the same name clear their marks. The time is that of one process's monotonic clock, from
/// when it has read the mark.
/// </para>
/// </summary>
internal sealed class NodeRetirement(
    IServiceScopeFactory scopes, EventSignals signals, TimeProvider time,
    ILogger<NodeRetirement> log) : BackgroundService
{
    // For marks of a process that has died since.
    private static readonly TimeSpan lookEvery = TimeSpan.FromSeconds(10);

    // Whoever waits goes on a little too late rather than too early.
    private static readonly TimeSpan shortest = TimeSpan.FromMilliseconds(10);

    private readonly Signal begun = new("");
    private Dictionary<Guid, long> marks = [];

    /// <summary>Nodes have been marked in a transaction that is committed now.</summary>
    public void Begin() => begun.Pulse();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var next = begun.Next;
            var pause = lookEvery;
            try
            {
                pause = await Look(stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogWarning("Nodes cannot be retired: {Reason}", error.GetBaseException().Message);
            }
            await Task.WhenAny(next, Task.Delay(pause, time, stoppingToken));
        }
    }

    /// <summary>Retires the nodes whose time has come.</summary>
    /// <returns>When to look again.</returns>
    private async Task<TimeSpan> Look(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
        var marked = await db.Nodes.AsNoTracking().Where(node => node.Retirement != null).ToListAsync(cancellation);
        var now = time.GetTimestamp();
        marks = marked.Select(node => node.Retirement!.Value).Distinct()
            .ToDictionary(mark => mark, mark => marks.GetValueOrDefault(mark, now));
        var pause = lookEvery;
        foreach (var node in marked)
        {
            var left = Barrier.Longest - time.GetElapsedTime(marks[node.Retirement!.Value], now);
            if (left <= TimeSpan.Zero)
                await Retire(db, node, cancellation);
            else if (left < pause)
                pause = left > shortest ? left : shortest;
        }
        return pause;
    }

    private async Task Retire(AuthDbContext db, Node node, CancellationToken cancellation)
    {
        await using (var write = await db.BeginWrite(cancellation))
        {
            // Not if it was heard of meanwhile.
            var retired = await db.Nodes.Where(n => n.Id == node.Id && n.Retirement == node.Retirement)
                .ExecuteDeleteAsync(cancellation);
            if (retired > 0)
            {
                log.LogInformation("Another node has started as {Name}; node {Id} is retired", node.Name, node.Id);
                await db.Notify(signals.Acknowledgements, cancellation);
            }
            await write.Commit(cancellation);
        }
        signals.Acknowledgements.Pulse();
    }
}
