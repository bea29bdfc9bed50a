using System.Collections.Concurrent;
using Auth.Server.Limits;

namespace Auth.Server.Administrators;

/// <summary>
/// Computes password hashes on a few threads of its own. A hash takes a tenth of a second of pure computing: on the
/// thread pool, a few dozen sign-ins at once would delay every other request.
/// </summary>
internal sealed class PasswordThreads : IDisposable
{
    /// <summary>At most half of the processors, so that the rest is left for everything else.</summary>
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
    /// Where those wait who may be anybody. One more than the threads is let through at a time, so that a thread is not
    /// idle while the database is asked about the next.
    /// </summary>
    public FairQueue Queue { get; } = new(count + 1, places: 32);

    /// <summary>Computes something on one of the threads.</summary>
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
