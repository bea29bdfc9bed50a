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
    EventLog events,
    AuditTrail audit,
    TimeProvider time)
{
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
                var account = await LockAccount(wanted.AccountId, cancellation, alongside);
                await RequireActive(wanted.AccountId, wanted.Replaces, cancellation);
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
                var account = await LockAccount(accountId, cancellation, alongside);
                var staged = await history.FindStaged(accountId, cancellation);
                if (staged?.Id != setId)
                    throw await NoLonger("staged", accountId, setId, cancellation);
                var active = await TakeOver(account, staged, by, cancellation);
                await Last(alongside, new(active, null, null));
                return active;
            },
            cancellation);
        await Confirmed(set);
        return set;
    }

    /// <summary>
    /// Finishes what the first use of a set has begun: a staged one takes over, and an active one is confirmed, in case
    /// nobody lived to do it. Does nothing if there is nothing left to do.
    /// </summary>
    public async Task Finish(Guid setId, CancellationToken cancellation)
    {
        var set = await db.CredentialSets.AsNoTracking().SingleAsync(set => set.Id == setId, cancellation);
        if (set is { State: CredentialSetState.Staged, Activation: Activation.FirstUse } && set.IsUsable(Now))
        {
            set = await audit.Record(
                AuditAction.ActivateCredentials,
                set.AccountId,
                async entry =>
                {
                    (entry.About, entry.Detail) = ($"{setId}", "By its first use.");
                    var account = await LockAccount(set.AccountId, cancellation);
                    var staged = await history.FindStaged(set.AccountId, cancellation);
                    return staged?.Id == setId
                        ? await TakeOver(account, staged, "first use", cancellation)
                        : await db.CredentialSets.AsNoTracking().SingleAsync(other => other.Id == setId, cancellation);
                },
                cancellation);
        }

        await Confirm(set);
    }

    /// <summary>Confirms a set if it is active, in case nobody lived to do it.</summary>
    public async Task Confirm(Guid setId) =>
        await Confirm(await db.CredentialSets.AsNoTracking().SingleAsync(set => set.Id == setId));

    /// <summary>Ends the active set without a successor, or the staged one.</summary>
    /// <exception cref="ProblemException">The set is no longer current (409).</exception>
    public Task Revoke(
        Guid accountId, Guid setId, string by, CancellationToken cancellation, Alongside? alongside = null) => audit.Record(
        AuditAction.RevokeCredentials,
        accountId,
        async entry =>
        {
            entry.About = $"{setId}";
            await LockRow(accountId, cancellation, alongside);
            if ((await history.FindStaged(accountId, cancellation))?.Id != setId)
                await RequireActive(accountId, setId, cancellation);
            await End(accountId, set => set.Id == setId, CredentialSetEnd.Revoked, by, cancellation);
            await Last(alongside, new(await history.Get(accountId, setId, cancellation), null, null));
        },
        cancellation);

    /// <summary>
    /// Ends the sets whose token was signed by a key that has been withdrawn. The token is dead already; this is so that
    /// its owner reads why.
    /// </summary>
    public async Task<IReadOnlyList<CredentialSet>> EndWithdrawn(CancellationToken cancellation)
    {
        var ended = await db.CredentialSets.AsNoTracking().Include(set => set.Account)
            .Where(set => set.State != CredentialSetState.Ended && set.Key!.WithdrawnAt != null)
            .ToListAsync(cancellation);
        foreach (var set in ended)
            await End(set, CredentialSetEnd.KeyWithdrawn, $"The key {set.KeyId} is no longer trusted.", cancellation);
        return ended;
    }

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
            await End(set, CredentialSetEnd.Expired, why, cancellation);
        }
    }

    private Task End(CredentialSet set, CredentialSetEnd reason, string why, CancellationToken cancellation) => audit.Record(
        AuditAction.EndCredentials,
        set.AccountId,
        async entry =>
        {
            (entry.About, entry.Detail) = ($"{set.Id}", why);
            await LockRow(set.AccountId, cancellation);
            await End(set.AccountId, other => other.Id == set.Id, reason, "SciLeads", cancellation);
        },
        cancellation);

    private async Task<IssuedCredentials> Stage(
        NewCredentialSet wanted, Staging staging, CancellationToken cancellation)
    {
        var staged = await history.FindStaged(wanted.AccountId, cancellation);
        if (staged?.Id != staging.Replaces)
        {
            throw staged is null
                ? await NoLonger("staged", wanted.AccountId, staging.Replaces!.Value, cancellation)
                : ProblemException.Conflict(
                    $"{staged.CreatedBy} staged credentials {At(staged.CreatedAt)}. They wait still, and nothing was changed now.");
        }

        await EndExpiredOf(wanted.AccountId, cancellation);
        await Mark(
            set => set.AccountId == wanted.AccountId && set.State == CredentialSetState.Staged,
            CredentialSetEnd.Superseded, wanted.By, cancellation);
        return await issuer.Issue(wanted, generation: null, cancellation);
    }

    private async Task<IssuedCredentials> Replace(
        Account account, NewCredentialSet wanted, CancellationToken cancellation)
    {
        // Ended first and activated second, or two sets would be active at once.
        await EndExpiredOf(wanted.AccountId, cancellation);
        await Mark(set => set.AccountId == wanted.AccountId, CredentialSetEnd.Superseded, wanted.By, cancellation);
        var generation = await NextGeneration(account, cancellation);
        var issued = await issuer.Issue(wanted, generation, cancellation);
        issued.Set.ActivationEvent = await Tell(account.Id, generation, issued.Set.Id, cancellation);
        await db.SaveChangesAsync(cancellation);
        return issued;
    }

    private async Task<CredentialSet> TakeOver(
        Account account, CredentialSet staged, string by, CancellationToken cancellation)
    {
        await EndExpiredOf(account.Id, cancellation);
        await Mark(
            set => set.AccountId == account.Id && set.State == CredentialSetState.Active,
            CredentialSetEnd.Superseded, by, cancellation);
        var generation = await NextGeneration(account, cancellation);
        var set = await db.CredentialSets.SingleAsync(set => set.Id == staged.Id, cancellation);
        (set.State, set.Generation, set.ActivatedAt, set.ActivatedBy) = (CredentialSetState.Active, generation, Now, by);
        await db.SaveChangesAsync(cancellation);
        set.ActivationEvent = await Tell(account.Id, generation, set.Id, cancellation);
        await db.SaveChangesAsync(cancellation);
        return set;
    }

    /// <summary>Ends some sets; if an active one is among them, nobody has the generation that comes after it.</summary>
    private async Task End(
        Guid accountId,
        Expression<Func<CredentialSet, bool>> which,
        CredentialSetEnd reason,
        string by,
        CancellationToken cancellation)
    {
        var wasActive = await db.CredentialSets.Where(set => set.AccountId == accountId).Where(which)
            .AnyAsync(set => set.State == CredentialSetState.Active, cancellation);
        await Mark(which, reason, by, cancellation);
        if (!wasActive)
            return;
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == accountId, cancellation);
        await Tell(accountId, await NextGeneration(account, cancellation), credentialSet: null, cancellation);
    }

    /// <summary>A set that ran out before now ended by itself, whoever finds it here.</summary>
    private Task<int> EndExpiredOf(Guid accountId, CancellationToken cancellation)
    {
        var now = Now;
        return Mark(
            set => set.AccountId == accountId
                && (set.ExpiresAt <= now || (set.State == CredentialSetState.Staged && set.ActivateBefore <= now)),
            CredentialSetEnd.Expired, "SciLeads", cancellation);
    }

    private Task<int> Mark(
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

    private Task<long> Tell(Guid account, long generation, Guid? credentialSet, CancellationToken cancellation) =>
        events.Append(SecurityEvents.CredentialChange, account, cancellation, generation, credentialSet);

    /// <summary>
    /// Larger than any before, also than those that a restored backup does not know: they were taken from a clock.
    /// </summary>
    private async Task<long> NextGeneration(Account account, CancellationToken cancellation)
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
        await db.CredentialSets.Where(other => other.Id == set.Id && other.ConfirmedAt == null).ExecuteUpdateAsync(
            change => change
                .SetProperty(other => other.ConfirmedAt, set.ConfirmedAt)
                .SetProperty(other => other.Confirmation, set.Confirmation),
            CancellationToken.None);
    }

    private static Task Last(Alongside? alongside, IssuedCredentials issued) =>
        alongside?.Last(issued) ?? Task.CompletedTask;

    private async Task LockRow(Guid accountId, CancellationToken cancellation, Alongside? alongside = null)
    {
        // An update that changes nothing locks the row on PostgreSQL; on SQLite the transaction already is the one writer.
        var locked = await db.Accounts.Where(account => account.Id == accountId).ExecuteUpdateAsync(
            set => set.SetProperty(account => account.LastGeneration, account => account.LastGeneration), cancellation);
        if (locked == 0)
            throw ProblemException.NotFound($"There is no account {accountId}.");
        if (alongside is not null)
            await alongside.First();
    }

    private async Task<Account> LockAccount(
        Guid accountId, CancellationToken cancellation, Alongside? alongside = null)
    {
        await LockRow(accountId, cancellation, alongside);
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == accountId, cancellation);
        return account.AllowsScim ? account : throw ProblemException.Forbidden(
            $"SCIM provisioning is not enabled for {account.Name}. Write to support@scileads.com to have it enabled.");
    }

    private async Task RequireActive(Guid accountId, Guid? seen, CancellationToken cancellation)
    {
        var current = await history.FindActive(accountId, cancellation);
        if (current?.Id == seen)
            return;
        throw current is null
            ? await NoLonger("active", accountId, seen!.Value, cancellation)
            : ProblemException.Conflict(
                $"{current.ActivatedBy} {(current.Activation is null ? "generated new" : "activated staged")} credentials "
                + $"{At(current.ActivatedAt!.Value)}. They are active, and nothing was changed now.");
    }

    /// <summary>Why the set that a caller saw cannot be meant any more.</summary>
    private async Task<ProblemException> NoLonger(
        string state, Guid accountId, Guid seen, CancellationToken cancellation)
    {
        var set = await db.CredentialSets.AsNoTracking().SingleOrDefaultAsync(
            set => set.Id == seen && set.AccountId == accountId, cancellation);
        return ProblemException.Conflict(set switch
        {
            { EndedAt: { } endedAt } => $"{set.EndedBy} ended these credentials {At(endedAt)}. Nothing was changed now.",
            { State: CredentialSetState.Active, ActivatedAt: { } activatedAt } =>
                $"{set.ActivatedBy} activated these credentials {At(activatedAt)}. Nothing was changed now.",
            _ => $"These credentials are not the account's {state} ones. Nothing was changed now.",
        });
    }

    private static string At(DateTime utc) => $"on {utc:yyyy-MM-dd} at {utc:HH:mm:ss} UTC";
}
