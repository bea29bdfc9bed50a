using System.Collections.Concurrent;
using Auth.Server.Limits;

namespace Auth.Server.Administrators;

/// <summary>
/// Computes password hashes on a few dedicated threads. A hash takes a tenth of a second of CPU time: on the thread
/// pool, a few dozen concurrent sign-ins would delay every other request.
/// </summary>
internal sealed class PasswordThreads : IDisposable
{
    /// <summary>At most half of the processors; the rest are for everything else.</summary>
    private static readonly int count = Math.Clamp(Environment.ProcessorCount / 2, 1, 3);

    private readonly BlockingCollection<Action> work = [];
    private readonly Lazy<Thread[]> threads;

    public PasswordThreads() => threads = new(() =>
    {
        var started = Enumerable.Range(0, count).Select(_ => new Thread(Work)
        {
            IsBackground = true,
            Name = "password hashing",
            Priority = ThreadPriority.BelowNormal,
        }).ToArray();
        foreach (var thread in started)
            thread.Start();
        return started;
    });

    /// <summary>
    /// The queue for requests of anonymous visitors. It lets one more through than there are threads, so that no thread
    /// is idle during the next request's database query.
    /// </summary>
    public FairQueue Queue { get; } = new(count + 1, places: 32);

    /// <summary>Runs a computation on one of the threads.</summary>
    public Task<T> Run<T>(Func<T> compute)
    {
        _ = threads.Value;
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        work.Add(() =>
        {
            try
            {
                result.SetResult(compute());
            }
            catch (Exception error)
            {
                result.SetException(error);
            }
        });
        return result.Task;
    }

    public void Dispose()
    {
        work.CompleteAdding();
        if (threads.IsValueCreated)
        {
            foreach (var thread in threads.Value)
                thread.Join();
        }
        work.Dispose();
    }

    private void Work()
    {
        foreach (var compute in work.GetConsumingEnumerable())
            compute();
    }
}
