using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Events;

/// <summary>
/// Retires nodes when another has started under the same name: after <c>kill -9</c>, every revocation would otherwise
/// wait for the old node for an hour.
/// <para>
/// A node that starts marks the earlier nodes of its name. When a marked node contacts any process of this server, that
/// process clears the mark before it responds. If a mark stays for the longest time that a node may rely on what it
/// knew before (<see cref="Barrier.Longest"/>), the node cannot accept requests any more and is removed as if it had
/// left. If it resumes, it is recorded again before it gets a response, and is told to reset. Of two live nodes with
/// the same name, each clears its own mark. The time is measured with one process's monotonic clock, from when it has
/// read the mark.
/// </para>
/// </summary>
internal sealed class NodeRetirement(
    IServiceScopeFactory scopes, EventSignals signals, TimeProvider time, ILogger<NodeRetirement> log)
    : BackgroundService
{
    // For marks set by a process that has stopped since.
    private static readonly TimeSpan lookEvery = TimeSpan.FromSeconds(10);

    // Timers may fire slightly early; this avoids a busy loop.
    private static readonly TimeSpan shortest = TimeSpan.FromMilliseconds(10);

    private readonly Signal begun = new("");
    private Dictionary<Guid, long> marks = [];

    /// <summary>Called after the transaction that marked nodes has been committed.</summary>
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

    /// <summary>Retires the nodes whose marks have stayed long enough.</summary>
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
            // Does nothing if the node has made contact in the meantime.
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
