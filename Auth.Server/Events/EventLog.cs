using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Events;

/// <summary>Writes events in the transaction of the change that they announce.</summary>
internal sealed class EventLog(AuthDbContext db, Barrier barrier, EventSignals signals, TimeProvider time)
{
    /// <summary>
    /// Writes an event, and locks the counter until the transaction ends. A transaction does this last, just before its
    /// audit entry, so that the lock is held only briefly and is never taken before an account's.
    /// </summary>
    /// <param name="type">One of <see cref="Shared.Contracts.SecurityEvents"/>.</param>
    /// <param name="account">The account that it concerns; null if it concerns all accounts.</param>
    /// <param name="generation">The account's new minimum generation, if the event raises it.</param>
    /// <param name="credentialSet">The set of that generation, if there is one.</param>
    /// <param name="cancellation">Cancels the write; the transaction must then be rolled back.</param>
    /// <returns>The event's number.</returns>
    public async Task<long> Append(
        string type, Guid? account, long? generation, Guid? credentialSet, CancellationToken cancellation)
    {
        if (db.Database.CurrentTransaction is null)
            throw new InvalidOperationException("An event must be written in the transaction of its change.");
        await db.EventCounter.ExecuteUpdateAsync(
            change => change.SetProperty(counter => counter.Last, counter => counter.Last + 1), cancellation);
        var number = await Last(cancellation);
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
        return number;
    }

    /// <summary>
    /// Commits a change that only one of several concurrent callers can make, together with its event. Returns when
    /// every node has applied it, whichever caller made it.
    /// </summary>
    /// <param name="type">The event's type.</param>
    /// <param name="account">The account that it concerns.</param>
    /// <param name="change">
    /// Makes the change and returns the number of affected rows; 0 if another caller has made it.
    /// </param>
    /// <param name="cancellation">Cancels the change, but not the wait.</param>
    /// <returns>Whether this caller made the change.</returns>
    public async Task<bool> PublishOnce(
        string type, Guid account, Func<Task<int>> change, CancellationToken cancellation)
    {
        long? number = null;
        await using (var write = await db.BeginWrite(cancellation))
        {
            if (await change() > 0)
                number = await Append(type, account, generation: null, credentialSet: null, cancellation);
            await write.Commit(cancellation);
        }

        await barrier.Wait(number ?? await Last(cancellation));
        return number is not null;
    }

    private Task<long> Last(CancellationToken cancellation) =>
        db.EventCounter.Select(counter => counter.Last).SingleAsync(cancellation);
}

/// <summary>PostgreSQL notifications, which are sent when the transaction commits.</summary>
internal static class Notifications
{
    public static async Task Notify(this AuthDbContext db, Signal signal, CancellationToken cancellation)
    {
        if (db.Database.IsNpgsql())
            await db.Database.ExecuteSqlAsync($"SELECT pg_notify({signal.Channel}, '')", cancellation);
    }
}
