using System.Linq.Expressions;
using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Events;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;
using Barrier = Auth.Server.Events.Barrier;

namespace Auth.Server.Credentials;

/// <summary>
/// The transitions of credential sets: <c>staged → active → ended</c>. Each is one transaction that first locks the
/// account's row and then checks that the set its caller saw is still current: there are never two active sets, and
/// a refusal changes nothing. A transition that ends an active set returns only when no node of <c>Scim.Api</c>
/// accepts that set any more.
/// </summary>
internal sealed class CredentialSets(
    AuthDbContext db,
    CredentialHistory history,
    CredentialTransitions transitions,
    Operation operation,
    Barrier barrier,
    TimeProvider time,
    ILogger<CredentialSets> log)
{
    /// <summary>Shown as the one who ended a set that the server ended by itself.</summary>
    public const string ByServer = "SciLeads";

    /// <summary>
    /// How long requests with the previous set may take that started before the first use of its successor.
    /// </summary>
    private static readonly TimeSpan lastRequests = TimeSpan.FromMilliseconds(500);

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Activates a staged set. When this returns, the previous active set has ended on every node.</summary>
    /// <param name="accountId">The account.</param>
    /// <param name="setId">The staged set that the caller saw.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="once">Makes the operation idempotent, if the caller may retry it.</param>
    /// <param name="cancellation">Honoured until the commit.</param>
    /// <exception cref="ProblemException">
    /// SCIM is not enabled (403), or the set is no longer staged or does not exist (409).
    /// </exception>
    public async Task<Completed<CredentialSet>> Activate(
        Guid accountId, Guid setId, Actor actor, Idempotency? once, CancellationToken cancellation)
    {
        var activated = await operation.Run(
            actor,
            AuditAction.ActivateCredentials,
            accountId,
            async work =>
            {
                work.Entry.About = $"{setId}";
                var account = await transitions.LockEnabled(accountId, once, cancellation);
                var staged = await transitions.RequireStaged(accountId, setId, cancellation);
                var active = await Activate(work, account, staged, actor.DisplayName, cancellation);
                await Record(once, new(active, null, null), work);
                return active;
            },
            cancellation);
        await RecordConfirmation(activated.Result, activated.Confirmation!);
        return activated;
    }

    /// <summary>
    /// Completes an activation by first use. A staged set is activated after the requests in progress with the
    /// previous set have been served. An active set is confirmed if the process that activated it stopped before
    /// confirming it. Otherwise, does nothing.
    /// </summary>
    public async Task CompleteFirstUse(Guid setId, CancellationToken cancellation)
    {
        var set = await Get(setId, cancellation);
        if (set.State == CredentialSetState.Staged && await history.FindActive(set.AccountId, cancellation) is not null)
            await Task.Delay(lastRequests, cancellation);
        Confirmation? confirmation = null;
        if (set is { State: CredentialSetState.Staged, Activation: Activation.FirstUse } && set.IsUsable(Now))
            (set, confirmation) = await ActivateByFirstUse(set, cancellation);
        await Confirm(set, confirmation);
    }

    /// <summary>
    /// Confirms an active set that is not confirmed yet because the process that activated it stopped too early.
    /// </summary>
    /// <param name="setId">The set.</param>
    /// <param name="known">The confirmation of its activation, if the caller has already waited for it.</param>
    public async Task Confirm(Guid setId, Confirmation? known = null) =>
        await Confirm(await Get(setId, CancellationToken.None), known);

    /// <summary>Revokes the active set without a successor, or the staged one.</summary>
    /// <param name="accountId">The account.</param>
    /// <param name="setId">The set that the caller saw.</param>
    /// <param name="actor">Who asks.</param>
    /// <param name="once">Makes the operation idempotent, if the caller may retry it.</param>
    /// <param name="cancellation">Honoured until the commit.</param>
    /// <returns>The nodes' confirmation; null if the set was staged, as no node accepted it.</returns>
    /// <exception cref="ProblemException">The set is no longer current (409).</exception>
    public Task<Confirmation?> Revoke(
        Guid accountId, Guid setId, Actor actor, Idempotency? once, CancellationToken cancellation) => operation.Run(
        actor,
        AuditAction.RevokeCredentials,
        accountId,
        async work =>
        {
            work.Entry.About = $"{setId}";
            await transitions.Lock(accountId, once, cancellation);
            if ((await history.FindStaged(accountId, cancellation))?.Id != setId)
                await transitions.RequireActive(accountId, setId, cancellation);
            await transitions.End(
                work, accountId, set => set.Id == setId, CredentialSetEnd.Revoked, actor.DisplayName, cancellation);
            await Record(once, new(await history.Get(accountId, setId, cancellation), null, null), work);
        },
        cancellation);

    /// <summary>
    /// Ends all sets whose token was signed by a withdrawn key, in one operation, and announces the withdrawal to the
    /// nodes unless they know it already. The operation waits only for that announcement, however many sets there
    /// are: their tokens are invalid without the key. The sets are ended so that their owners see the reason, and so
    /// that the fences of <c>Scim.Api</c> are raised above them: restoring an older backup of the auth database would
    /// bring back both set and key.
    /// </summary>
    public async Task<IReadOnlyList<CredentialSet>> EndWithdrawn(
        UnitOfWork work, bool isAnnounced, CancellationToken cancellation)
    {
        await transitions.LockAll(
            account => db.Set<CredentialSet>().Where(Withdrawn).Any(set => set.AccountId == account.Id), cancellation);
        var ended = await db.CredentialSets.AsNoTracking().Include(set => set.Account).Where(Withdrawn)
            .OrderBy(set => set.Id).ToListAsync(cancellation);
        await transitions.MarkEnded(Withdrawn, CredentialSetEnd.KeyWithdrawn, ByServer, cancellation);
        foreach (var set in ended)
        {
            work.AddConsequence(
                AuditAction.EndCredentials, set.AccountId, $"{set.Id}", $"The key {set.KeyId} is no longer trusted.");
        }

        // As everywhere, accounts are locked before the event counter.
        var generations = new List<(Guid Account, long Generation)>();
        foreach (var set in ended.Where(set => set.State == CredentialSetState.Active))
            generations.Add((set.AccountId, await transitions.NextGeneration(set.Account, cancellation)));
        if (!isAnnounced)
            await work.Publish(SecurityEvents.KeyWithdrawn, account: null, cancellation);
        foreach (var (account, generation) in generations)
        {
            await work.PublishUnawaited(
                SecurityEvents.CredentialChange, account, generation, credentialSet: null, cancellation);
        }
        return ended;
    }

    /// <summary>Whether there is a set that <see cref="EndWithdrawn"/> would end.</summary>
    public Task<bool> AnyWithdrawn(CancellationToken cancellation) =>
        db.CredentialSets.AnyAsync(Withdrawn, cancellation);

    /// <summary>
    /// Marks expired sets as ended. No node accepts them any more; this only spares readers from comparing times.
    /// </summary>
    public async Task EndExpired(CancellationToken cancellation)
    {
        var now = Now;
        var expired = await db.CredentialSets.AsNoTracking()
            .Where(set => (set.State == CredentialSetState.Active && set.ExpiresAt <= now)
                || (set.State == CredentialSetState.Staged && (set.ExpiresAt <= now || set.ActivateBefore <= now)))
            .ToListAsync(cancellation);
        long? lastEvent = null;
        foreach (var set in expired)
            lastEvent = await EndExpired(set, cancellation) ?? lastEvent;
        if (lastEvent is { } number)
            await barrier.Wait(number);
    }

    /// <summary>
    /// Records that an active set is confirmed: no node accepts the previous set any more, so this one may be used.
    /// </summary>
    public async Task RecordConfirmation(CredentialSet set, Confirmation confirmation)
    {
        (set.ConfirmedAt, set.Confirmation) = (Now, $"{confirmation}");
        try
        {
            await db.CredentialSets.Where(other => other.Id == set.Id && other.ConfirmedAt == null).ExecuteUpdateAsync(
                change => change
                    .SetProperty(other => other.ConfirmedAt, set.ConfirmedAt)
                    .SetProperty(other => other.Confirmation, set.Confirmation),
                CancellationToken.None);
        }
        // The set is active, and its secret must still be returned. The first request with it confirms it again.
        catch (Exception error)
        {
            log.LogWarning("The confirmation of set {Set} cannot be recorded: {Reason}", set.Id, error.Message);
        }
    }

    private static Expression<Func<CredentialSet, bool>> Withdrawn { get; } =
        set => set.State != CredentialSetState.Ended && set.Key!.WithdrawnAt != null;

    private Task<Completed<CredentialSet>> ActivateByFirstUse(CredentialSet set, CancellationToken cancellation) =>
        operation.Run(
            Actor.Server,
            AuditAction.ActivateCredentials,
            set.AccountId,
            async work =>
            {
                (work.Entry.About, work.Entry.Detail) = ($"{set.Id}", "By its first use.");
                var account = await transitions.LockEnabled(set.AccountId, once: null, cancellation);
                var staged = await history.FindStaged(set.AccountId, cancellation);
                if (staged?.Id == set.Id)
                    return await Activate(work, account, staged, "first use", cancellation);
                // Another node has activated the set, or it has ended.
                work.SkipAuditEntry();
                return await db.CredentialSets.AsNoTracking().SingleAsync(other => other.Id == set.Id, cancellation);
            },
            cancellation);

    private async Task<CredentialSet> Activate(
        UnitOfWork work, Account account, CredentialSet staged, string by, CancellationToken cancellation)
    {
        var generation = await transitions.Supersede(account, staged.Id, by, cancellation);
        var set = await db.CredentialSets.SingleAsync(set => set.Id == staged.Id, cancellation);
        (set.State, set.Generation) = (CredentialSetState.Active, generation);
        (set.ActivatedAt, set.ActivatedBy) = (Now, by);
        await db.SaveChangesAsync(cancellation);
        set.ActivationEvent = await CredentialTransitions.Publish(work, account.Id, generation, set.Id, cancellation);
        await db.SaveChangesAsync(cancellation);
        return set;
    }

    /// <returns>The number of the event, if there is one.</returns>
    private async Task<long?> EndExpired(CredentialSet set, CancellationToken cancellation)
    {
        var why = set.State == CredentialSetState.Staged ? "It was never activated." : "It has expired.";
        var ended = await operation.Commit(
            Actor.Server,
            AuditAction.EndCredentials,
            set.AccountId,
            async work =>
            {
                (work.Entry.About, work.Entry.Detail) = ($"{set.Id}", why);
                await transitions.Lock(set.AccountId, once: null, cancellation);
                // Another node may have ended the set, or a staged set may just have been activated.
                if (!await transitions.End(
                    work,
                    set.AccountId,
                    other => other.Id == set.Id && other.State == set.State,
                    CredentialSetEnd.Expired,
                    ByServer,
                    cancellation))
                {
                    work.SkipAuditEntry();
                }
                return true;
            },
            cancellation);
        return ended.LastEvent;
    }

    private async Task<CredentialSet> Get(Guid setId, CancellationToken cancellation) =>
        (await db.CredentialSets.AsNoTracking().SingleAsync(set => set.Id == setId, cancellation)).AsOf(Now);

    private async Task Confirm(CredentialSet set, Confirmation? known)
    {
        if (set is { State: CredentialSetState.Active, ConfirmedAt: null, ActivationEvent: { } number })
            await RecordConfirmation(set, known ?? await barrier.Wait(number));
    }

    private static Task Record(Idempotency? once, IssuedCredentials issued, UnitOfWork work) =>
        once?.Record(issued, work.LastEvent) ?? Task.CompletedTask;
}
