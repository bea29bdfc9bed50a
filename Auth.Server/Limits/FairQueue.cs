namespace Auth.Server.Limits;

/// <summary>
/// Lets a few callers proceed at a time while a limited number of others wait. Turns are assigned round-robin by
/// network. If the queue is full, the network with the most waiting callers loses its newest one, so a flood from one
/// network displaces only itself. Browsers in which an administrator has signed in have their own queue and get every
/// second turn, so that no number of unknown callers can keep them out.
/// </summary>
/// <param name="atOnce">How many callers may proceed at a time.</param>
/// <param name="places">How many others may wait: this many unknown callers, and as many known browsers.</param>
internal sealed class FairQueue(int atOnce, int places)
{
    /// <summary>When a caller should try again if the queue was full.</summary>
    public static readonly TimeSpan TryAgainAfter = TimeSpan.FromSeconds(2);

    private readonly Lock gate = new();
    private readonly Line strangers = new();
    private readonly Line known = new();
    private int inside;
    private bool strangersAreNext;

    /// <summary>
    /// Waits for a turn, which ends when it is disposed of; null if the queue is full. For unknown
    /// callers, by network or client.
    /// </summary>
    public Task<IDisposable?> Enter(string caller, CancellationToken cancellation) =>
        Enter(strangers, caller, cancellation);

    /// <summary>Like <see cref="Enter(string, CancellationToken)"/>, for a known browser.</summary>
    public Task<IDisposable?> EnterKnown(string administrator, CancellationToken cancellation) =>
        Enter(known, administrator, cancellation);

    private async Task<IDisposable?> Enter(Line line, string caller, CancellationToken cancellation)
    {
        Waiter waiter;
        lock (gate)
        {
            // Nobody waits while a turn is free.
            if (inside < atOnce)
            {
                inside++;
                return new Turn(this);
            }
            if (!line.HasPlaceFor(caller, places))
                return null;
            waiter = line.Add(caller);
        }

        await using var cancelled = cancellation.UnsafeRegister(_ => Cancel(line, waiter, cancellation), null);
        return await waiter.Task;
    }

    private void Cancel(Line line, Waiter waiter, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (line.Remove(waiter))
                waiter.TrySetCanceled(cancellation);
        }
    }

    private void Leave()
    {
        lock (gate)
        {
            var (first, second) = strangersAreNext ? (strangers, known) : (known, strangers);
            if ((first.Next() ?? second.Next()) is not { } next)
            {
                inside--;
                return;
            }
            strangersAreNext = next.IsKnown(known);
            next.SetResult(new Turn(this));
        }
    }

    private sealed class Turn(FairQueue queue) : IDisposable
    {
        private FairQueue? queue = queue;

        public void Dispose() => Interlocked.Exchange(ref queue, null)?.Leave();
    }

    private sealed class Waiter(Line line, string caller)
        : TaskCompletionSource<IDisposable?>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public string Caller => caller;

        public bool IsKnown(Line known) => line == known;
    }

    /// <summary>The waiting callers, in round-robin order.</summary>
    private sealed class Line
    {
        private readonly Dictionary<string, LinkedList<Waiter>> waiting = [];
        private readonly LinkedList<string> order = [];
        private int count;

        /// <summary>Whether there is a place; displaces a caller who has more than a fair share of them.</summary>
        public bool HasPlaceFor(string caller, int places)
        {
            if (count < places)
                return true;
            var most = waiting.Values.MaxBy(waiters => waiters.Count)!;
            if (most.Count <= (waiting.TryGetValue(caller, out var own) ? own.Count : 0) + 1)
                return false;
            var displaced = most.Last!.Value;
            Remove(displaced);
            displaced.SetResult(null);
            return true;
        }

        public Waiter Add(string caller)
        {
            if (!waiting.TryGetValue(caller, out var waiters))
            {
                waiting.Add(caller, waiters = []);
                order.AddLast(caller);
            }
            var waiter = new Waiter(this, caller);
            waiters.AddLast(waiter);
            count++;
            return waiter;
        }

        public Waiter? Next()
        {
            if (order.First is not { } turn)
                return null;
            var next = waiting[turn.Value].First!.Value;
            order.RemoveFirst();
            order.AddLast(turn);
            Remove(next);
            return next;
        }

        public bool Remove(Waiter waiter)
        {
            if (!waiting.TryGetValue(waiter.Caller, out var waiters) || !waiters.Remove(waiter))
                return false;
            count--;
            if (waiters.Count == 0)
            {
                waiting.Remove(waiter.Caller);
                order.Remove(waiter.Caller);
            }
            return true;
        }
    }
}
