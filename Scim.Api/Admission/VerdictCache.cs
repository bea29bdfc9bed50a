using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Scim.Api.AuthServer;
using Scim.Api.Protocol.Messages;
using Scim.Api.Revocation;

namespace Scim.Api.Admission;

/// <summary>The outcome of a token's admission: its caller, or the refusal and whom the token's claims name.</summary>
internal sealed record Verdict(
    EventClockReading RequestedAt, Caller? Caller, ScimError? Refusal = null, TokenOrigin? Origin = null)
{
    public Guid AccountId { get; } = Caller?.AccountId ?? Origin!.AccountId;
}

/// <summary>
/// Caches verdicts by the SHA-256 of the token. They are used only under a live lease, never after a later event of the
/// account, and for a short time. A caller is cached until the token expires, for at most
/// <see cref="IntrospectionOptions.CacheFor"/>, so that Auth.Server keeps being told that the token is in use; a
/// refusal is cached for five seconds. A cached caller is not checked against signature and fence: the same bytes were
/// admitted before, and only an event raises the fence.
/// </summary>
internal sealed class VerdictCache(EventClock clock, IOptions<IntrospectionOptions> options, TimeProvider time)
{
    private static readonly TimeSpan RefusalLifetime = TimeSpan.FromSeconds(5);

    /// <summary>A full cache drops this fraction (one eighth) of its entries.</summary>
    private const int EvictedFraction = 8;

    private readonly ConcurrentDictionary<TokenHash, Entry> entries = new();
    private readonly object evicting = new();

    public Verdict? Find(TokenHash token) =>
        entries.TryGetValue(token, out var entry) && IsUsable(entry) ? entry.Verdict : null;

    public void Add(TokenHash token, Verdict verdict, long? expiresIn)
    {
        var lifetime = options.Value.CacheFor;
        if (verdict.Caller is null && lifetime > RefusalLifetime)
            lifetime = RefusalLifetime;
        if (expiresIn < lifetime.TotalSeconds)
            lifetime = TimeSpan.FromSeconds(expiresIn.Value);

        var until = verdict.RequestedAt.Time + (long)(lifetime.TotalSeconds * time.TimestampFrequency);
        var entry = new Entry(verdict, until);
        if (!IsUsable(entry))
            return;
        if (entries.Count >= options.Value.CacheSize)
            Evict();
        entries[token] = entry;
    }

    private bool IsUsable(Entry entry) =>
        time.GetTimestamp() < entry.Until && clock.MayBeReused(entry.Verdict.AccountId, entry.Verdict.RequestedAt);

    /// <summary>
    /// Drops unusable entries and, if that is not enough, those that would become unusable first: refusals, then the
    /// oldest. Drops several, so that not every new entry searches all others. (A <c>MemoryCache</c> with a size limit
    /// evicts in the background, in no fixed order, and measures time by the wall clock.)
    /// </summary>
    private void Evict()
    {
        // Another thread is evicting.
        if (!Monitor.TryEnter(evicting))
            return;
        try
        {
            foreach (var old in entries.Where(entry => !IsUsable(entry.Value)))
                entries.TryRemove(old);
            var size = options.Value.CacheSize;
            var tooMany = entries.Count - (size - Math.Max(1, size / EvictedFraction));
            if (entries.Count < size)
                return;
            foreach (var old in entries.ToArray().OrderBy(entry => entry.Value.Until).Take(tooMany))
                entries.TryRemove(old);
        }
        finally
        {
            Monitor.Exit(evicting);
        }
    }

    private sealed record Entry(Verdict Verdict, long Until);
}
