using System.Collections.Concurrent;
using Auth.Server.Audit;

namespace Auth.Server.Credentials;

/// <summary>
/// Cut-overs that the first use of a set begins. They run by themselves, so that whoever asks about the token hears at
/// once that it is about to be active, and so that nobody's leaving ends them. A cut-over that a dead process began is
/// finished by the next one who asks.
/// </summary>
internal sealed class CutOvers(IServiceScopeFactory scopes, ILogger<CutOvers> log)
{
    private readonly ConcurrentDictionary<Guid, bool> underWay = new();

    /// <summary>Begins a set's cut-over, unless it is under way.</summary>
    public void Begin(Guid setId)
    {
        if (!underWay.TryAdd(setId, true))
            return;
        // The request that begins it ends before it does.
        using var detached = ExecutionContext.SuppressFlow();
        _ = Task.Run(() => Finish(setId));
    }

    private async Task Finish(Guid setId)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            scope.ServiceProvider.GetRequiredService<AuditTrail>().Actor = Actor.Server;
            await scope.ServiceProvider.GetRequiredService<CredentialSets>().Finish(setId, CancellationToken.None);
        }
        // Whoever asks next begins it again.
        catch (Exception error)
        {
            log.LogError(error, "The cut-over to credential set {Set} failed", setId);
        }
        finally
        {
            underWay.TryRemove(setId, out _);
        }
    }
}
