using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Tokens;

/// <summary>What came of the admission of a token: a caller, or the refusal of one whose token it says it is.</summary>
internal sealed record Verdict(Asked Asked, Caller? Caller, ScimError? Refusal = null, TokenOrigin? Origin = null)
{
    public Guid AccountId { get; } = Caller?.AccountId ?? Origin!.AccountId;
}

/// <summary>
/// Keeps what came of tokens, by their SHA-256, in memory. It is used under a live lease only, never past an event of the
/// account, and for a short time: a caller until the token ends, at most <see cref="IntrospectionOptions.CacheFor"/>, so
/// that the authorization server hears now and then that the token is in use; a refusal for five seconds. Then neither
/// signature nor fence is looked at: the same bytes were admitted before, and whatever raises the fence is an event.
/// </summary>
internal sealed class IntrospectionCache(
    Freshness freshness, IOptions<IntrospectionOptions> options, TimeProvider time)
{
    private static readonly TimeSpan RefusalsFor = TimeSpan.FromSeconds(5);

    /// <summary>This part of a full cache makes room at once.</summary>
    private const int Part = 8;

    private readonly ConcurrentDictionary<TokenHash, Entry> entries = new();
    private readonly object makingRoom = new();

    public Verdict? Find(TokenHash token) =>
        entries.TryGetValue(token, out var entry) && IsUsable(entry) ? entry.Verdict : null;

    public void Keep(TokenHash token, Verdict verdict, long? expiresIn)
    {
        var lifetime = options.Value.CacheFor;
        if (verdict.Caller is null && lifetime > RefusalsFor)
            lifetime = RefusalsFor;
        if (expiresIn < lifetime.TotalSeconds)
            lifetime = TimeSpan.FromSeconds(expiresIn.Value);

        var entry = new Entry(verdict, verdict.Asked.At + (long)(lifetime.TotalSeconds * time.TimestampFrequency));
        if (!IsUsable(entry))
            return;
        if (entries.Count >= options.Value.CacheSize)
            MakeRoom();
        entries[token] = entry;
    }

    private bool IsUsable(Entry entry) =>
        time.GetTimestamp() < entry.Until && freshness.MayBeReused(entry.Verdict.AccountId, entry.Verdict.Asked);

    /// <summary>
    /// Drops what cannot be used any more, and, if that is not enough, what soonest could not: refusals first, then the
    /// oldest. A part at once, so that not every new entry searches all others.
    /// </summary>
    private void MakeRoom()
    {
        // Somebody else is at it.
        if (!Monitor.TryEnter(makingRoom))
            return;
        try
        {
            foreach (var old in entries.Where(entry => !IsUsable(entry.Value)))
                entries.TryRemove(old);
            var size = options.Value.CacheSize;
            var tooMany = entries.Count - (size - Math.Max(1, size / Part));
            if (entries.Count < size)
                return;
            foreach (var old in entries.ToArray().OrderBy(entry => entry.Value.Until).Take(tooMany))
                entries.TryRemove(old);
        }
        finally
        {
            Monitor.Exit(makingRoom);
        }
    }

    private sealed record Entry(Verdict Verdict, long Until);
}
