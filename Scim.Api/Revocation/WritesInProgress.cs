using System.Collections.Concurrent;

namespace Scim.Api.Revocation;

/// <summary>
/// This node's writes, each from the check that begins it to the end of its transaction. Applying an event advances the
/// <see cref="EventClock"/> first and then waits for these writes: a write either sees the event or is waited for. The
/// fence does the same across nodes, but only for credential sets; an administrator's session has none.
/// </summary>
internal sealed class WritesInProgress
{
    private readonly ConcurrentDictionary<TaskCompletionSource, Guid> accounts = new();

    /// <summary>Registers a write. Call the returned action when its transaction has ended.</summary>
    public Action Begin(Guid account)
    {
        var write = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        accounts[write] = account;
        return () =>
        {
            accounts.TryRemove(write, out _);
            write.SetResult();
        };
    }

    /// <summary>Waits for the writes that are in progress now: the account's, or all if the account is null.</summary>
    public Task WaitForEnd(Guid? account, CancellationToken cancellation) => Task.WhenAll(
        accounts.ToArray().Where(write => account is null || write.Value == account).Select(write => write.Key.Task))
        .WaitAsync(cancellation);
}
