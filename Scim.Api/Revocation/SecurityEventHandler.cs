using Scim.Api.Data;
using Shared.Contracts;

namespace Scim.Api.Revocation;

/// <summary>
/// Applies a security event. When <see cref="Apply"/> has returned, no response from before the event admits a request
/// at this node, and no write by a caller whose access it ended is in progress on any node. Applying an event again is
/// harmless.
/// </summary>
internal sealed class SecurityEventHandler(EventClock clock, WritesInProgress writes, IServiceScopeFactory scopes)
{
    /// <summary>
    /// The minimum generation is raised before the fence. The other way round, new writes could keep taking a share of
    /// the fence, and raising it could wait forever.
    /// </summary>
    public async Task Apply(SecurityEvent securityEvent, CancellationToken cancellation)
    {
        clock.Advance(securityEvent);
        await writes.WaitForEnd(securityEvent.Account, cancellation);
        if (securityEvent is { Account: { } account, Generation: { } generation })
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
            await db.RaiseFence(account, generation, securityEvent.CredentialSet ?? Fence.NoSet, cancellation);
        }
    }

    /// <summary>Events were missed: treats every account as changed.</summary>
    public Task ApplyMissedEvents(CancellationToken cancellation) => Apply(new SecurityEvent(), cancellation);
}
