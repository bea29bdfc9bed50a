using System.Collections.Concurrent;

namespace Scim.Api.Tokens;

/// <summary>
/// The writes of this node between the check that begins them and the end of their transaction. Whoever applies an event
/// raises the floor first and then waits for them: a write either sees the floor or is waited for. The fence does the
/// same for other nodes, but only for credential sets; an administrator's session has none.
/// </summary>
internal sealed class WritesUnderWay
{
    private readonly ConcurrentDictionary<TaskCompletionSource, Guid> accounts = new();

    /// <summary>Call what it returns when the write has ended.</summary>
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

    /// <summary>Waits for those that are under way now, of the account or, without one, of everybody.</summary>
    public Task Finish(Guid? account, CancellationToken cancellation) => Task.WhenAll(
        accounts.ToArray().Where(write => account is null || write.Value == account).Select(write => write.Key.Task))
        .WaitAsync(cancellation);
}
