using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Events;

/// <summary>
/// Writes events in the transaction of what they tell of, and sees to it that they are true everywhere before anybody
/// hears that it is done.
/// </summary>
internal sealed class EventLog(AuthDbContext db, Barrier barrier, EventSignals signals, TimeProvider time)
{
    /// <summary>The last event that this scope has appended and not confirmed.</summary>
    public long? Unconfirmed { get; private set; }

    /// <summary>How the last event of this scope went round, once <see cref="Confirm()"/> has returned.</summary>
    public Confirmation? Confirmation { get; private set; }

    /// <summary>
    /// Writes an event, and locks the counter until the transaction ends: the last thing that a transaction does before
    /// it writes its entry in the audit trail, so that the lock is held briefly and never before an account's.
    /// </summary>
    /// <param name="type">One of <see cref="Shared.Contracts.SecurityEvents"/>.</param>
    /// <param name="account">The account it is about; null if it is about all of them.</param>
    /// <param name="cancellation">Ends the writing.</param>
    /// <param name="generation">The lowest generation that the account admits from now on.</param>
    /// <param name="credentialSet">The set of that generation.</param>
    /// <param name="isAwaited">
    /// Whether <see cref="Confirm()"/> waits for it. It need not if an event before it, in the same transaction, already
    /// ends all access that this one ends.
    /// </param>
    /// <returns>The event's number.</returns>
    public async Task<long> Append(
        string type,
        Guid? account,
        CancellationToken cancellation,
        long? generation = null,
        Guid? credentialSet = null,
        bool isAwaited = true)
    {
        if (db.Database.CurrentTransaction is null)
            throw new InvalidOperationException("An event is written in the transaction of what it tells of.");
        await db.EventCounter.ExecuteUpdateAsync(
            change => change.SetProperty(counter => counter.Last, counter => counter.Last + 1), cancellation);
        var number = await db.EventCounter.Select(counter => counter.Last).SingleAsync(cancellation);
        db.Events.Add(new()
        {
            Number = number,
            Time = time.GetUtcNow().UtcDateTime,
            Type = type,
            AccountId = account,
            Generation = generation,
            CredentialSetId = credentialSet,
        });
        await db.SaveChangesAsync(cancellation);
        await db.Notify(signals.Events, cancellation);
        if (isAwaited)
            Unconfirmed = number;
        return number;
    }

    /// <summary>
    /// Commits a change that only one of several callers can make, with its event, and returns when that is true on every
    /// node, whoever made it.
    /// </summary>
    /// <param name="type">The event's type.</param>
    /// <param name="account">Whom it is about.</param>
    /// <param name="change">Makes the change; tells how many rows that affected. If none, somebody else has made it.</param>
    /// <param name="cancellation">Ends the change, but not the waiting.</param>
    /// <returns>Whether this caller made the change.</returns>
    public async Task<bool> PublishOnce(string type, Guid account, Func<Task<int>> change, CancellationToken cancellation)
    {
        bool made;
        await using (var write = await db.BeginWrite(cancellation))
        {
            made = await change() > 0;
            if (made)
                await Append(type, account, cancellation);
            await write.Commit(cancellation);
        }

        if (made)
            await Confirm();
        else
            await Confirm(await db.EventCounter.Select(counter => counter.Last).SingleAsync(cancellation));
        return made;
    }

    /// <summary>
    /// Waits until the events that this scope has committed are true on every node. It does not matter whether whoever
    /// asked for them is still there.
    /// </summary>
    public async Task Confirm()
    {
        if (Unconfirmed is not { } number)
            return;
        Unconfirmed = null;
        await Confirm(number);
    }

    /// <summary>Waits until an event that somebody else has committed is true on every node.</summary>
    public async Task Confirm(long number) => Confirmation = await barrier.Wait(number);

    /// <summary>What was appended was rolled back.</summary>
    public void Forget() => Unconfirmed = null;
}

/// <summary>PostgreSQL's notifications, which are sent when the transaction commits.</summary>
internal static class Notifications
{
    public static async Task Notify(this AuthDbContext db, Signal signal, CancellationToken cancellation)
    {
        if (db.Database.IsNpgsql())
            await db.Database.ExecuteSqlAsync($"SELECT pg_notify({signal.Channel}, '')", cancellation);
    }
}
