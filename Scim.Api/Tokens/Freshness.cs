namespace Scim.Api.Tokens;

/// <summary>
/// The circumstances in which introspection was asked, taken before the question went out: the last event that was
/// applied by then, the monotonic time, and whether there was a lease.
/// </summary>
internal readonly record struct Asked(long LastEvent, long At, bool UnderLease);

/// <summary>How long an answer of introspection is good.</summary>
internal sealed class Freshness(Lease lease, Floors floors, TimeProvider time)
{
    /// <summary>
    /// For how long the answer is good that was asked for without a lease. Ending a credential set takes as long while a
    /// node has none.
    /// </summary>
    private static readonly TimeSpan WithoutLease = TimeSpan.FromSeconds(1);

    public Asked Ask() => new(floors.Last, time.GetTimestamp(), lease.IsLive);

    /// <summary>
    /// Whether the answer tells of the account as it is by all that this node has heard. An answer in flight does not
    /// beat an event.
    /// </summary>
    public bool IsCurrent(Guid? account, Asked asked) => floors.IsUnchanged(account, asked.LastEvent);

    /// <summary>Whether the answer serves a request that came after it was asked for.</summary>
    public bool MayBeReused(Guid account, Asked asked) =>
        asked.UnderLease && lease.IsLive && IsCurrent(account, asked);

    /// <summary>
    /// Whether a write that began when its caller's answer was current may be committed now. A lease that was renewed
    /// meanwhile will do: every event before it waited for the write.
    /// </summary>
    public bool MayCommit(Asked asked) =>
        lease.IsLive || (!asked.UnderLease && !lease.IsGivenUp && time.GetElapsedTime(asked.At) < WithoutLease);
}
