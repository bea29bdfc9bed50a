using System.Linq.Expressions;
using Auth.Server.Accounts;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Credentials;

/// <summary>
/// The steps of a credential set transition, all within the transaction of an operation. First, the account's row is
/// locked. Then, the set that the caller saw must still be current; if not, the refusal says who changed it and when.
/// Old sets are ended before a new one is activated, and the event is published last.
/// </summary>
internal sealed class CredentialTransitions(AuthDbContext db, CredentialHistory history, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Locks an account: until the transaction ends, nobody else can change its sets.</summary>
    /// <exception cref="ProblemException">
    /// The account does not exist (404), or the operation was done before.
    /// </exception>
    public async Task Lock(Guid accountId, Idempotency? once, CancellationToken cancellation)
    {
        if (!await db.LockAccount(accountId, cancellation))
            throw ProblemException.NotFound($"There is no account {accountId}.");
        if (once is not null)
            await once.Check();
    }

    /// <summary>Locks an account and requires that SCIM is enabled for it.</summary>
    /// <exception cref="ProblemException">SCIM is not enabled (403), or the account does not exist (404).</exception>
    public async Task<Account> LockEnabled(Guid accountId, Idempotency? once, CancellationToken cancellation)
    {
        await Lock(accountId, once, cancellation);
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == accountId, cancellation);
        if (account.Suspended)
        {
            throw ProblemException.Forbidden(
                $"{account.Name} is suspended. Nothing was changed. Write to support@scileads.com.");
        }
        return account.ScimEnabled ? account : throw ProblemException.Forbidden(
            $"SCIM provisioning is not enabled for {account.Name}. Write to support@scileads.com to have it enabled.");
    }

    /// <summary>
    /// Locks several accounts with one statement. Nothing else locks more than one account, so there are no deadlocks.
    /// </summary>
    public Task LockAll(Expression<Func<Account, bool>> which, CancellationToken cancellation) =>
        db.Accounts.Where(which).ExecuteUpdateAsync(
            set => set.SetProperty(account => account.LastGeneration, account => account.LastGeneration), cancellation);

    /// <exception cref="ProblemException">The set that the caller saw is not the active one (409).</exception>
    public async Task RequireActive(Guid accountId, Guid? seen, CancellationToken cancellation)
    {
        var current = await history.FindActive(accountId, cancellation);
        if (current?.Id == seen)
            return;
        throw current is null
            ? await NoLongerCurrent("active", accountId, seen!.Value, cancellation)
            : ProblemException.Conflict(
                $"{current.ActivatedBy} {(current.Activation is null ? "generated new" : "activated staged")} "
                + $"credentials {At(current.ActivatedAt!.Value)}. They are active. Nothing was changed.");
    }

    /// <returns>The staged set.</returns>
    /// <exception cref="ProblemException">
    /// The set that the caller saw is not staged, or can no longer be activated (409).
    /// </exception>
    public async Task<CredentialSet> RequireStaged(Guid accountId, Guid seen, CancellationToken cancellation) =>
        await history.FindStaged(accountId, cancellation) is { } staged && staged.Id == seen
            ? staged
            : throw await NoLongerCurrent("staged", accountId, seen, cancellation);

    /// <exception cref="ProblemException">The set that the caller saw is not the staged one (409).</exception>
    public async Task RequireSameStaged(Guid accountId, Guid? seen, CancellationToken cancellation)
    {
        var staged = await history.FindStaged(accountId, cancellation);
        if (staged?.Id == seen)
            return;
        throw staged is null
            ? await NoLongerCurrent("staged", accountId, seen!.Value, cancellation)
            : ProblemException.Conflict(
                $"{staged.CreatedBy} staged credentials {At(staged.CreatedAt)}. "
                + "They are still staged. Nothing was changed.");
    }

    /// <summary>
    /// Ends the matching sets of an account. If one of them was active, publishes a new
    /// generation that belongs to no set.
    /// </summary>
    /// <returns>Whether there were any.</returns>
    public async Task<bool> End(
        UnitOfWork work,
        Guid accountId,
        Expression<Func<CredentialSet, bool>> which,
        CredentialSetEnd reason,
        string by,
        CancellationToken cancellation)
    {
        var wasActive = await db.CredentialSets.Where(set => set.AccountId == accountId).Where(which)
            .AnyAsync(set => set.State == CredentialSetState.Active, cancellation);
        var ended = await MarkEnded(which, reason, by, cancellation);
        if (!wasActive)
            return ended > 0;
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == accountId, cancellation);
        await Publish(work, accountId, await NextGeneration(account, cancellation), credentialSet: null, cancellation);
        return true;
    }

    /// <summary>
    /// Ends all sets of an account except the staged one that becomes active, if any. This comes first; otherwise, two
    /// sets would be active at the same time.
    /// </summary>
    /// <returns>The generation of their successor.</returns>
    public async Task<long> Supersede(Account account, Guid? staged, string by, CancellationToken cancellation)
    {
        await EndExpired(account.Id, except: staged, cancellation);
        await MarkEnded(
            set => set.AccountId == account.Id && set.Id != staged, CredentialSetEnd.Superseded, by, cancellation);
        return await NextGeneration(account, cancellation);
    }

    /// <summary>Marks the expired sets of an account as ended, except one that was just found usable.</summary>
    public Task<int> EndExpired(Guid accountId, Guid? except, CancellationToken cancellation)
    {
        var now = Now;
        return MarkEnded(
            set => set.AccountId == accountId && set.Id != except
                && (set.ExpiresAt <= now || (set.State == CredentialSetState.Staged && set.ActivateBefore <= now)),
            CredentialSetEnd.Expired, CredentialSets.ByServer, cancellation);
    }

    /// <summary>Marks the matching sets as ended, unless they have ended already.</summary>
    /// <returns>How many.</returns>
    public Task<int> MarkEnded(
        Expression<Func<CredentialSet, bool>> which, CredentialSetEnd reason, string by, CancellationToken cancellation)
    {
        var now = Now;
        return db.CredentialSets.Where(set => set.State != CredentialSetState.Ended).Where(which).ExecuteUpdateAsync(
            change => change
                .SetProperty(set => set.State, CredentialSetState.Ended)
                .SetProperty(
                    set => set.EndedAt,
                    set => reason != CredentialSetEnd.Expired ? now
                        : set.State == CredentialSetState.Staged
                            && (set.ExpiresAt == null || set.ActivateBefore < set.ExpiresAt)
                            ? set.ActivateBefore
                            : set.ExpiresAt)
                .SetProperty(set => set.EndedBy, by)
                .SetProperty(set => set.EndReason, reason),
            cancellation);
    }

    /// <summary>
    /// Assigns the generation of the next active set. It is based on the clock, so that it is larger than all earlier
    /// ones, even those missing from a restored backup.
    /// </summary>
    public async Task<long> NextGeneration(Account account, CancellationToken cancellation)
    {
        var clock = db.Database.IsNpgsql()
            ? await db.Database.SqlQuery<long>(
                $"""SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint AS "Value" """)
                .SingleAsync(cancellation)
            : time.GetUtcNow().ToUnixTimeMilliseconds();
        var generation = Math.Max(account.LastGeneration + 1, clock);
        await db.Accounts.Where(other => other.Id == account.Id).ExecuteUpdateAsync(
            change => change.SetProperty(other => other.LastGeneration, generation), cancellation);
        return generation;
    }

    /// <summary>
    /// Publishes the new generation to the nodes of <c>Scim.Api</c>. This is the last step of a transition.
    /// </summary>
    /// <returns>The number of the event.</returns>
    public static Task<long> Publish(
        UnitOfWork work, Guid accountId, long generation, Guid? credentialSet, CancellationToken cancellation) =>
        work.Publish(SecurityEvents.CredentialChange, accountId, generation, credentialSet, cancellation);

    private async Task<ProblemException> NoLongerCurrent(
        string state, Guid accountId, Guid seen, CancellationToken cancellation)
    {
        var set = await history.Find(accountId, seen, cancellation);
        return ProblemException.Conflict(set switch
        {
            { EndedAt: { } endedAt } =>
                $"{set.EndedBy} ended these credentials {At(endedAt)}. Nothing was changed.",
            { State: CredentialSetState.Active, ActivatedAt: { } activatedAt } =>
                $"{set.ActivatedBy} activated these credentials {At(activatedAt)}. Nothing was changed.",
            _ => $"These credentials are not the account's {state} credentials. Nothing was changed.",
        });
    }

    private static string At(DateTime utc) => $"on {utc:yyyy-MM-dd} at {utc:HH:mm:ss} UTC";
}
