using Microsoft.EntityFrameworkCore.Infrastructure;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Revocation;
using Shared.Hosting.Data;

namespace Scim.Api.Admission;

/// <summary>Begins the write transactions of a caller, who may lose access before they are committed.</summary>
internal static class CallerWrites
{
    /// <summary>
    /// Begins a write transaction and locks the account's <see cref="Fence"/>, so that it cannot be raised before
    /// COMMIT. A caller whose set was replaced meanwhile is refused (401). If this node cannot be sure that the caller
    /// still has access, here or as the last step before COMMIT, the write is refused as one that can be retried (503).
    /// </summary>
    public static async Task<WriteTransaction> BeginWrite(
        this ScimDbContext db, Caller caller, CancellationToken cancellation)
    {
        var write = await db.BeginWrite(cancellation);
        try
        {
            var clock = db.GetService<EventClock>();
            if (caller.IntrospectedAt is { } reading)
            {
                write.Guard(
                    lastCheck: () => RequireAccess(clock.MayCommit(reading)),
                    ended: db.GetService<WritesInProgress>().Begin(caller.AccountId));
                // Events about a credential set raise the fence, which is checked below. Administrators have no set, so
                // the account's events are checked for them. Events for all accounts raise no fence: checked for both.
                RequireAccess(clock.IsCurrent(caller.CredentialSet is null ? caller.AccountId : null, reading));
            }
            if (caller.CredentialSet is { } set
                && (await db.LockFence(caller.AccountId, cancellation))?.Admits(set) is not true)
                throw new ScimException(TokenErrors.NoLongerActive());
            return write;
        }
        catch
        {
            await write.DisposeAsync();
            throw;
        }
    }

    private static void RequireAccess(bool isConfirmed)
    {
        if (!isConfirmed)
            throw new ScimException(TokenErrors.Unconfirmed());
    }
}
