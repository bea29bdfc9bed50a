using System.Collections.Concurrent;
using Shared.Contracts;

namespace Scim.Api.Revocation;

/// <summary>
/// What this node knew when it sent an introspection request: the number of the last event it had applied, the
/// monotonic time, and whether it held a lease.
/// </summary>
internal readonly record struct EventClockReading(long LastEvent, long Time, bool UnderLease);

/// <summary>
/// A clock that advances with every event this node applies, and the lowest generation that each account admits. An
/// introspection response is outdated if an event of its account was applied after its request was sent; so a response
/// in flight, or in the cache, never overrides an event.
/// </summary>
internal sealed class EventClock(Lease lease, TimeProvider time)
{
    /// <summary>Above this many accounts, all are dropped as if an event for every account had been applied.</summary>
    public const int MaxAccounts = 10_000;

    /// <summary>
    /// How long a response obtained without a lease may be used. Shorter than the barrier waits for nodes that do not
    /// confirm an event.
    /// </summary>
    private static readonly TimeSpan ValidityWithoutLease = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<Guid, AccountState> accounts = new();
    private readonly Lock advancing = new();
    private long lastEvent;
    private long lastEventForAll;

    /// <summary>The number of the last event that was applied.</summary>
    public long LastEvent => Volatile.Read(ref lastEvent);

    /// <summary>Take a reading before the introspection request is sent.</summary>
    public EventClockReading Read() => new(LastEvent, time.GetTimestamp(), lease.IsLive);

    /// <summary>Whether no event of the account, and none for all accounts, was applied since the reading.</summary>
    public bool IsCurrent(Guid? account, EventClockReading reading)
    {
        // In this order: accounts are dropped only after an event for all of them was counted.
        var hasChanged = account is { } id
            && accounts.TryGetValue(id, out var state)
            && state.LastEvent > reading.LastEvent;
        return !hasChanged && Volatile.Read(ref lastEventForAll) <= reading.LastEvent;
    }

    /// <summary>Whether the response may be used for a request that arrived after the introspection was sent.</summary>
    public bool MayBeReused(Guid account, EventClockReading reading) =>
        reading.UnderLease && lease.IsLive && IsCurrent(account, reading);

    /// <summary>
    /// For how long from <paramref name="since"/>, a time on the monotonic clock, a write whose caller was current when
    /// it began may be committed. A lease that was renewed in the meantime is enough: every event before the renewal
    /// has waited for this write.
    /// </summary>
    public TimeSpan MayCommitFor(EventClockReading reading, long since)
    {
        var underLease = lease.LeftAt(since);
        var withoutLease = reading.UnderLease || lease.IsGivenUp
            ? TimeSpan.Zero
            : ValidityWithoutLease - time.GetElapsedTime(reading.Time, since);
        return underLease > withoutLease ? underLease : withoutLease;
    }

    /// <summary>Whether the generation is at least the account's minimum generation (its floor).</summary>
    public bool Admits(Guid account, long generation) =>
        !accounts.TryGetValue(account, out var state) || state.MinimumGeneration <= generation;

    /// <summary>
    /// Counts an event, and raises the account's minimum generation to the event's. It is never lowered.
    /// </summary>
    public void Advance(SecurityEvent securityEvent)
    {
        lock (advancing)
        {
            var number = lastEvent + 1;
            if (securityEvent.Account is not { } account)
                Volatile.Write(ref lastEventForAll, number);
            else
                accounts[account] = new(
                    number, Math.Max(securityEvent.Generation ?? 0, MinimumGenerationOf(account, number)));
            // Last, so that a concurrent reading counts as taken before the event.
            Volatile.Write(ref lastEvent, number);
        }
    }

    private long MinimumGenerationOf(Guid account, long number)
    {
        if (accounts.TryGetValue(account, out var state))
            return state.MinimumGeneration;
        if (accounts.Count >= MaxAccounts)
        {
            Volatile.Write(ref lastEventForAll, number);
            accounts.Clear();
        }
        return 0;
    }

    private readonly record struct AccountState(long LastEvent, long MinimumGeneration);
}
