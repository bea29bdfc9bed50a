using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Scim.Api.AuthServer;
using Scim.Api.Protocol.Messages;
using Scim.Api.Revocation;

namespace Scim.Api.Admission;

/// <summary>The outcome of a token's admission: its caller, or the refusal and whose token it claims to be.</summary>
internal sealed record Verdict(
    EventClockReading AskedAt, Caller? Caller, ScimError? Refusal = null, TokenOrigin? Origin = null)
{
    public Guid AccountId { get; } = Caller?.AccountId ?? Origin!.AccountId;
}

/// <summary>
/// Keeps verdicts in memory by the SHA-256 of the token. They are used only under a live lease, never past an event of
/// the account, and for a short time: a caller until the token expires, at most
/// <see cref="IntrospectionOptions.CacheFor"/>, so that Auth.Server keeps hearing that the token is in use; a refusal
/// for five seconds. A cached caller is checked against neither signature nor fence: the same bytes were admitted
/// before, and whatever raises the fence is an event.
/// </summary>
internal sealed class VerdictCache(EventClock clock, IOptions<IntrospectionOptions> options, TimeProvider time)
{
    private static readonly TimeSpan KeepRefusalsFor = TimeSpan.FromSeconds(5);

    /// <summary>A full cache drops this fraction (one eighth) at once.</summary>
    private const int EvictedFraction = 8;

    private readonly ConcurrentDictionary<TokenHash, Entry> entries = new();
    private readonly object evicting = new();

    public Verdict? Find(TokenHash token) =>
        entries.TryGetValue(token, out var entry) && IsUsable(entry) ? entry.Verdict : null;

    public void Keep(TokenHash token, Verdict verdict, long? expiresIn)
    {
        var lifetime = options.Value.CacheFor;
        if (verdict.Caller is null && lifetime > KeepRefusalsFor)
            lifetime = KeepRefusalsFor;
        if (expiresIn < lifetime.TotalSeconds)
            lifetime = TimeSpan.FromSeconds(expiresIn.Value);

        var entry = new Entry(verdict, verdict.AskedAt.Time + (long)(lifetime.TotalSeconds * time.TimestampFrequency));
        if (!IsUsable(entry))
            return;
        if (entries.Count >= options.Value.CacheSize)
            Evict();
        entries[token] = entry;
    }

    private bool IsUsable(Entry entry) =>
        time.GetTimestamp() < entry.Until && clock.MayBeReused(entry.Verdict.AccountId, entry.Verdict.AskedAt);

    /// <summary>
    /// Drops unusable entries and, if that is not enough, those that would become unusable first: refusals, then the
    /// oldest. Several at once, so that not every new entry has to search all others. (A <c>MemoryCache</c> with a size
    /// limit drops in the background, in no fixed order, and measures time by the wall clock.)
    /// </summary>
    private void Evict()
    {
        // Another thread is doing it.
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
