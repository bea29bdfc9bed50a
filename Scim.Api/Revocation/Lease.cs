namespace Scim.Api.Revocation;

/// <summary>
/// Until when this node may rely on having received every event. It is a time on the monotonic clock, compared at every
/// use: a flag that a timer clears would still say "live" when a paused process resumes.
/// </summary>
internal sealed class Lease(TimeProvider time)
{
    private long until = long.MinValue;
    private volatile bool isGivenUp;

    public bool IsLive => LeftAt(time.GetTimestamp()) > TimeSpan.Zero;

    /// <summary>How much of it was left at a time on the monotonic clock; zero if it had ended.</summary>
    public TimeSpan LeftAt(long moment)
    {
        var end = Volatile.Read(ref until);
        return !isGivenUp && end > moment ? time.GetElapsedTime(moment, end) : TimeSpan.Zero;
    }

    /// <summary>
    /// The node has left permanently. Barriers no longer wait for it, so it no longer admits requests.
    /// </summary>
    public bool IsGivenUp => isGivenUp;

    /// <summary>
    /// Extends the lease. Its length is counted from before the poll was sent, so that it ends here before it ends at
    /// Auth.Server.
    /// </summary>
    public void Renew(long sent, TimeSpan length) =>
        Volatile.Write(ref until, sent + (long)(length.TotalSeconds * time.TimestampFrequency));

    public void GiveUp() => isGivenUp = true;
}
