using System.Linq.Expressions;
using Auth.Server.Accounts;
using Auth.Server.Data;
using Auth.Server.Events;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Credentials;

/// <summary>How the rows of credential sets change, each step within the transaction of a transition.</summary>
internal sealed class SetStates(AuthDbContext db, EventLog events, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>
    /// Ends some sets, and tells whether there were any; if an active one is among them, nobody has the generation that comes
    /// after it.
    /// </summary>
    public async Task<bool> End(
        Guid accountId,
        Expression<Func<CredentialSet, bool>> which,
        CredentialSetEnd reason,
        string by,
        CancellationToken cancellation)
    {
        var wasActive = await db.CredentialSets.Where(set => set.AccountId == accountId).Where(which)
            .AnyAsync(set => set.State == CredentialSetState.Active, cancellation);
        var ended = await Mark(which, reason, by, cancellation);
        if (!wasActive)
            return ended > 0;
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == accountId, cancellation);
        await Tell(accountId, await NextGeneration(account, cancellation), credentialSet: null, cancellation);
        return true;
    }

    /// <summary>A set that ran out before now ended by itself, whoever finds it here; but for one that was just found good.</summary>
    public Task<int> EndExpiredOf(Guid accountId, CancellationToken cancellation, Guid? good = null)
    {
        var now = Now;
        return Mark(
            set => set.AccountId == accountId && set.Id != good
                && (set.ExpiresAt <= now || (set.State == CredentialSetState.Staged && set.ActivateBefore <= now)),
            CredentialSetEnd.Expired, CredentialSets.ByServer, cancellation);
    }

    /// <summary>Marks sets as ended that have not ended yet.</summary>
    public Task<int> Mark(
        Expression<Func<CredentialSet, bool>> which, CredentialSetEnd why, string by, CancellationToken cancellation)
    {
        var now = Now;
        return db.CredentialSets.Where(set => set.State != CredentialSetState.Ended).Where(which).ExecuteUpdateAsync(
            change => change
                .SetProperty(set => set.State, CredentialSetState.Ended)
                .SetProperty(
                    set => set.EndedAt,
                    set => why != CredentialSetEnd.Expired ? now
                        : set.State == CredentialSetState.Staged && (set.ExpiresAt == null || set.ActivateBefore < set.ExpiresAt)
                            ? set.ActivateBefore
                            : set.ExpiresAt)
                .SetProperty(set => set.EndedBy, by)
                .SetProperty(set => set.EndReason, why),
            cancellation);
    }

    /// <summary>Writes the event that tells the nodes of <c>Scim.Api</c>: the last thing in the transaction.</summary>
    public Task<long> Tell(
        Guid account, long generation, Guid? credentialSet, CancellationToken cancellation, bool isAwaited = true) =>
        events.Append(SecurityEvents.CredentialChange, account, cancellation, generation, credentialSet, isAwaited);

    /// <summary>
    /// Larger than any before, also than those that a restored backup does not know: they were taken from a clock.
    /// </summary>
    public async Task<long> NextGeneration(Account account, CancellationToken cancellation)
    {
        var clock = db.Database.IsNpgsql()
            ? await db.Database.SqlQuery<long>(
                $"""SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint AS "Value" """).SingleAsync(cancellation)
            : time.GetUtcNow().ToUnixTimeMilliseconds();
        var generation = Math.Max(account.LastGeneration + 1, clock);
        await db.Accounts.Where(other => other.Id == account.Id).ExecuteUpdateAsync(
            change => change.SetProperty(other => other.LastGeneration, generation), cancellation);
        return generation;
    }
}
