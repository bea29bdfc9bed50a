using System.Linq.Expressions;
using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Events;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Credentials;

/// <summary>
/// The transitions of credential sets: <c>staged → active → ended</c>. Each locks the account's row first, names the set
/// that its caller saw, and is one transaction: there is never a moment with two active sets, and a refusal changes
/// nothing. One that ends an active set returns when no node of <c>Scim.Api</c> admits it any more.
/// </summary>
internal sealed class CredentialSets(
    AuthDbContext db,
    CredentialHistory history,
    CredentialIssuer issuer,
    SeenSets seen,
    SetStates states,
    EventLog events,
    AuditTrail audit,
    TimeProvider time,
    ILogger<CredentialSets> log)
{
    /// <summary>How long what was begun with the set before may take, once the first use of its successor has come.</summary>
    private static readonly TimeSpan lastRequests = TimeSpan.FromMilliseconds(500);

    /// <summary>Who ended a set that nobody asked to end, for people to read.</summary>
    public const string ByServer = "SciLeads";

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>
    /// Makes a set. Without <see cref="NewCredentialSet.Staging"/> it is active when this returns, and what was before is
    /// dead everywhere; otherwise it waits, and nothing else changes but that it replaces the staged set before it.
    /// </summary>
    /// <exception cref="ProblemException">
    /// SCIM is not enabled (403), a set that is to be replaced is no longer current (409), or a value is wrong (400).
    /// </exception>
    public async Task<IssuedCredentials> Generate(
        NewCredentialSet wanted, CancellationToken cancellation, Alongside? alongside = null)
    {
        var issued = await audit.Record(
            wanted.Staging is null ? AuditAction.GenerateCredentials : AuditAction.StageCredentials,
            wanted.AccountId,
            async entry =>
            {
                wanted.Check();
                var account = await seen.LockAccount(wanted.AccountId, cancellation, alongside);
                await seen.RequireActive(wanted.AccountId, wanted.Replaces, cancellation);
                var issued = wanted.Staging is { } staging
                    ? await Stage(wanted, staging, cancellation)
                    : await Replace(account, wanted, cancellation);
                entry.About = $"{issued.Set.Id}";
                entry.Detail = wanted.Method
                    + (issued.Set.LastFour is { Length: > 0 } end ? $", ends in {end}" : ", with keys of its own")
                    + ((wanted.Staging?.Replaces ?? wanted.Replaces) is { } replaced ? $"; replaces {replaced}" : "");
                await Last(alongside, issued);
                return issued;
            },
            cancellation);
        await Confirmed(issued.Set);
        return issued;
    }

    /// <summary>Has a staged set take over; the active one is dead everywhere when this returns.</summary>
    /// <exception cref="ProblemException">
    /// SCIM is not enabled (403), or the set is not staged any more, or not there (409).
    /// </exception>
    public async Task<CredentialSet> Activate(
        Guid accountId, Guid setId, string by, CancellationToken cancellation, Alongside? alongside = null)
    {
        var set = await audit.Record(
            AuditAction.ActivateCredentials,
            accountId,
            async entry =>
            {
                entry.About = $"{setId}";
                var account = await seen.LockAccount(accountId, cancellation, alongside);
                var staged = await history.FindStaged(accountId, cancellation);
                if (staged?.Id != setId)
                    throw await seen.NoLonger("staged", accountId, setId, cancellation);
                var active = await TakeOver(account, staged, by, cancellation);
                await Last(alongside, new(active, null, null));
                return active;
            },
            cancellation);
        await Confirmed(set);
        return set;
    }

    /// <summary>
    /// Finishes what the first use of a set has begun: a staged one takes over, once the requests that were on their way
    /// with the set before have been served, and an active one is confirmed, in case nobody lived to do it. Does nothing
    /// if there is nothing left to do.
    /// </summary>
    public async Task Finish(Guid setId, CancellationToken cancellation)
    {
        var set = (await db.CredentialSets.AsNoTracking().SingleAsync(set => set.Id == setId, cancellation)).AsOf(Now);
        if (set.State == CredentialSetState.Staged && await history.FindActive(set.AccountId, cancellation) is not null)
            await Task.Delay(lastRequests, cancellation);
        if (set is { State: CredentialSetState.Staged, Activation: Activation.FirstUse } && set.IsUsable(Now))
        {
            set = await audit.Record(
                AuditAction.ActivateCredentials,
                set.AccountId,
                async entry =>
                {
                    (entry.About, entry.Detail) = ($"{setId}", "By its first use.");
                    var account = await seen.LockAccount(set.AccountId, cancellation);
                    var staged = await history.FindStaged(set.AccountId, cancellation);
                    if (staged?.Id == setId)
                        return await TakeOver(account, staged, "first use", cancellation);
                    // Another node was asked, too, or somebody has ended it.
                    audit.Drop(entry);
                    return await db.CredentialSets.AsNoTracking().SingleAsync(other => other.Id == setId, cancellation);
                },
                cancellation);
        }

        await Confirm(set);
    }

    /// <summary>Confirms a set if it is active, in case nobody lived to do it.</summary>
    public async Task Confirm(Guid setId) =>
        await Confirm((await db.CredentialSets.AsNoTracking().SingleAsync(set => set.Id == setId)).AsOf(Now));

    /// <summary>Ends the active set without a successor, or the staged one.</summary>
    /// <exception cref="ProblemException">The set is no longer current (409).</exception>
    public Task Revoke(
        Guid accountId, Guid setId, string by, CancellationToken cancellation, Alongside? alongside = null) => audit.Record(
        AuditAction.RevokeCredentials,
        accountId,
        async entry =>
        {
            entry.About = $"{setId}";
            await seen.LockRow(accountId, cancellation, alongside);
            if ((await history.FindStaged(accountId, cancellation))?.Id != setId)
                await seen.RequireActive(accountId, setId, cancellation);
            await states.End(accountId, set => set.Id == setId, CredentialSetEnd.Revoked, by, cancellation);
            await Last(alongside, new(await history.Get(accountId, setId, cancellation), null, null));
        },
        cancellation);

    /// <summary>
    /// Ends the sets whose token was signed by a key that has been withdrawn, all at once, and tells the nodes of the
    /// key unless they have heard of it. Nobody waits for more, however many sets there are: their tokens are dead with
    /// the key. The sets end so that their owners read why, and so that the fences of Scim.Api are raised above them: a
    /// restored backup of the auth database would bring back both set and key. For within a transaction.
    /// </summary>
    public async Task<IReadOnlyList<CredentialSet>> EndWithdrawn(bool nodesHaveHeard, CancellationToken cancellation)
    {
        await seen.LockRows(account => db.CredentialSets.Where(Withdrawn).Any(set => set.AccountId == account.Id), cancellation);
        var ended = await db.CredentialSets.AsNoTracking().Include(set => set.Account).Where(Withdrawn)
            .OrderBy(set => set.Id).ToListAsync(cancellation);
        await states.Mark(Withdrawn, CredentialSetEnd.KeyWithdrawn, ByServer, cancellation);
        foreach (var set in ended)
        {
            audit.AddConsequence(
                AuditAction.EndCredentials, set.AccountId, $"{set.Id}", $"The key {set.KeyId} is no longer trusted.");
        }

        // Accounts are locked before the counter of events, here as everywhere.
        var generations = new List<(Guid Account, long Generation)>();
        foreach (var set in ended.Where(set => set.State == CredentialSetState.Active))
            generations.Add((set.AccountId, await states.NextGeneration(set.Account, cancellation)));
        if (!nodesHaveHeard)
            await events.Append(SecurityEvents.KeyWithdrawn, account: null, cancellation);
        foreach (var (account, generation) in generations)
            await states.Tell(account, generation, credentialSet: null, cancellation, isAwaited: false);
        return ended;
    }

    /// <summary>Whether there is a set that <see cref="EndWithdrawn"/> would end.</summary>
    public Task<bool> AnyWithdrawn(CancellationToken cancellation) =>
        db.CredentialSets.AnyAsync(Withdrawn, cancellation);

    private static Expression<Func<CredentialSet, bool>> Withdrawn { get; } =
        set => set.State != CredentialSetState.Ended && set.Key!.WithdrawnAt != null;

    /// <summary>Ends the sets that have run out. They admit nobody already; this is so that nobody has to look at a clock.</summary>
    public async Task EndExpired(CancellationToken cancellation)
    {
        var now = Now;
        var ended = await db.CredentialSets.AsNoTracking()
            .Where(set => (set.State == CredentialSetState.Active && set.ExpiresAt <= now)
                || (set.State == CredentialSetState.Staged && (set.ExpiresAt <= now || set.ActivateBefore <= now)))
            .ToListAsync(cancellation);
        foreach (var set in ended)
        {
            var why = set.State == CredentialSetState.Staged ? "It was never activated." : "It has run out.";
            await EndExpired(set, why, cancellation);
        }
        // One barrier for all of them: events are applied in order.
        await events.Confirm();
    }

    private Task EndExpired(CredentialSet set, string why, CancellationToken cancellation) => audit.Record(
        AuditAction.EndCredentials,
        set.AccountId,
        async entry =>
        {
            (entry.About, entry.Detail) = ($"{set.Id}", why);
            await seen.LockRow(set.AccountId, cancellation);
            // Every node looks after it; and a staged set may have taken over in the last moment.
            if (!await states.End(
                set.AccountId,
                other => other.Id == set.Id && other.State == set.State,
                CredentialSetEnd.Expired,
                ByServer,
                cancellation))
                audit.Drop(entry);
        },
        cancellation,
        confirm: false);

    private async Task<IssuedCredentials> Stage(
        NewCredentialSet wanted, Staging staging, CancellationToken cancellation)
    {
        var staged = await history.FindStaged(wanted.AccountId, cancellation);
        if (staged?.Id != staging.Replaces)
        {
            throw staged is null
                ? await seen.NoLonger("staged", wanted.AccountId, staging.Replaces!.Value, cancellation)
                : ProblemException.Conflict(
                    $"{staged.CreatedBy} staged credentials {SeenSets.At(staged.CreatedAt)}. They wait still, and nothing was changed now.");
        }

        await states.EndExpiredOf(wanted.AccountId, cancellation);
        await states.Mark(
            set => set.AccountId == wanted.AccountId && set.State == CredentialSetState.Staged,
            CredentialSetEnd.Superseded, wanted.By, cancellation);
        return await issuer.Issue(wanted, generation: null, cancellation);
    }

    private async Task<IssuedCredentials> Replace(
        Account account, NewCredentialSet wanted, CancellationToken cancellation)
    {
        // Ended first and activated second, or two sets would be active at once.
        await states.EndExpiredOf(wanted.AccountId, cancellation);
        await states.Mark(set => set.AccountId == wanted.AccountId, CredentialSetEnd.Superseded, wanted.By, cancellation);
        var generation = await states.NextGeneration(account, cancellation);
        var issued = await issuer.Issue(wanted, generation, cancellation);
        issued.Set.ActivationEvent = await states.Tell(account.Id, generation, issued.Set.Id, cancellation);
        await db.SaveChangesAsync(cancellation);
        return issued;
    }

    private async Task<CredentialSet> TakeOver(
        Account account, CredentialSet staged, string by, CancellationToken cancellation)
    {
        await states.EndExpiredOf(account.Id, cancellation, good: staged.Id);
        await states.Mark(
            set => set.AccountId == account.Id && set.State == CredentialSetState.Active,
            CredentialSetEnd.Superseded, by, cancellation);
        var generation = await states.NextGeneration(account, cancellation);
        var set = await db.CredentialSets.SingleAsync(set => set.Id == staged.Id, cancellation);
        (set.State, set.Generation, set.ActivatedAt, set.ActivatedBy) = (CredentialSetState.Active, generation, Now, by);
        await db.SaveChangesAsync(cancellation);
        set.ActivationEvent = await states.Tell(account.Id, generation, set.Id, cancellation);
        await db.SaveChangesAsync(cancellation);
        return set;
    }

    private async Task Confirm(CredentialSet set)
    {
        if (set is not { State: CredentialSetState.Active, ConfirmedAt: null, ActivationEvent: { } number })
            return;
        if (events.Confirmation is null)
            await events.Confirm(number);
        await Confirmed(set);
    }

    /// <summary>An active set admits from now on: the one before admits nobody any more, anywhere.</summary>
    private async Task Confirmed(CredentialSet set)
    {
        if (set.State != CredentialSetState.Active || events.Confirmation is not { } confirmation)
            return;
        (set.ConfirmedAt, set.Confirmation) = (Now, $"{confirmation}");
        try
        {
            await db.CredentialSets.Where(other => other.Id == set.Id && other.ConfirmedAt == null).ExecuteUpdateAsync(
                change => change
                    .SetProperty(other => other.ConfirmedAt, set.ConfirmedAt)
                    .SetProperty(other => other.Confirmation, set.Confirmation),
                CancellationToken.None);
        }
        // The set is active, and its secret must not be lost. The first request with it has this done.
        catch (Exception error)
        {
            log.LogWarning("That set {Set} is confirmed cannot be written down: {Reason}", set.Id, error.Message);
        }
    }

    private static Task Last(Alongside? alongside, IssuedCredentials issued) =>
        alongside?.Last(issued) ?? Task.CompletedTask;
}
