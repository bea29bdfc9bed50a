namespace Scim.Api.Tokens;

/// <summary>
/// Until when this node may rely on having heard of every event. It is a time on the monotonic clock that is compared at
/// every use: a flag that a timer clears would still say yes when a paused process goes on.
/// </summary>
internal sealed class Lease(TimeProvider time)
{
    private long until = long.MinValue;
    private volatile bool isGivenUp;

    public bool IsLive => !isGivenUp && time.GetTimestamp() < Volatile.Read(ref until);

    /// <summary>The node has left for good: nobody waits for it any more, so it lets nobody in any more.</summary>
    public bool IsGivenUp => isGivenUp;

    /// <summary>
    /// It lasts so long from before the poll was sent, so that it ends here before it ends at the server.
    /// </summary>
    public void Renew(long sent, TimeSpan length) =>
        Volatile.Write(ref until, sent + (long)(length.TotalSeconds * time.TimestampFrequency));

    public void GiveUp() => isGivenUp = true;
}
