using System.Collections.Concurrent;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Limits the event streams (WHATWG HTML §9.2) that are open at the same time for an account: a stream occupies a
/// connection and asks <c>Scim.Api</c> every few seconds.
/// </summary>
internal sealed class LiveEvents
{
    /// <summary>The maximum number of streams of an account, on one node.</summary>
    public const int MaxStreams = 20;

    private readonly ConcurrentDictionary<Guid, int> open = new();

    /// <summary>Opens a stream until the result is disposed; null if the account has too many.</summary>
    public IDisposable? TryOpen(Guid accountId)
    {
        if (open.AddOrUpdate(accountId, 1, (_, streams) => streams + 1) <= MaxStreams)
            return new Stream(this, accountId);
        Close(accountId);
        return null;
    }

    private void Close(Guid accountId)
    {
        var left = open.AddOrUpdate(accountId, 0, (_, streams) => streams - 1);
        if (left == 0)
            open.TryRemove(KeyValuePair.Create(accountId, 0));
    }

    private sealed class Stream(LiveEvents events, Guid accountId) : IDisposable
    {
        private bool isClosed;

        public void Dispose()
        {
            if (!isClosed)
                events.Close(accountId);
            isClosed = true;
        }
    }
}
