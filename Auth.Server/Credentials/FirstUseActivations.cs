using System.Collections.Concurrent;

namespace Auth.Server.Credentials;

/// <summary>
/// Activations of staged sets by their first use. They run in the background: introspection replies immediately that
/// the set is about to be active, and an activation is not tied to any caller's cancellation. If a process stops during
/// an activation, the next introspection starts it again.
/// </summary>
internal sealed class FirstUseActivations(IServiceScopeFactory scopes, ILogger<FirstUseActivations> log)
{
    private readonly ConcurrentDictionary<Guid, bool> inProgress = new();

    /// <summary>Starts the activation of a set, unless it is in progress.</summary>
    public void Begin(Guid setId)
    {
        if (!inProgress.TryAdd(setId, true))
            return;
        // The activation outlives the request that starts it.
        using var detached = ExecutionContext.SuppressFlow();
        _ = Task.Run(() => Complete(setId));
    }

    private async Task Complete(Guid setId)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var sets = scope.ServiceProvider.GetRequiredService<CredentialSets>();
            await sets.CompleteFirstUse(setId, CancellationToken.None);
        }
        // The next request with the set starts it again.
        catch (Exception error)
        {
            log.LogError(error, "The activation of credential set {Set} by its first use failed", setId);
        }
        finally
        {
            inProgress.TryRemove(setId, out _);
        }
    }
}
