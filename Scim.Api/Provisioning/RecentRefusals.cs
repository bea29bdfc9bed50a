namespace Scim.Api.Provisioning;

/// <summary>
/// Remembers refusals for a minute, so that a client that repeats a request does not fill the log, and counts the
/// repetitions. Per process: each node remembers its own. While it is full, new refusals count as repetitions.
/// </summary>
internal sealed class RecentRefusals(TimeProvider time)
{
    public const int MaxRemembered = 10_000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Refusal> seen = new(StringComparer.Ordinal);
    private readonly List<Refusal> forgotten = [];

    /// <summary>Whether no refusal with this key was seen in the last minute.</summary>
    public bool IsNew(string key)
    {
        lock (seen)
        {
            var now = time.GetTimestamp();
            if (seen.TryGetValue(key, out var before) && time.GetElapsedTime(before.At, now) < Lifetime)
            {
                before.Repeats++;
                return false;
            }
            if (seen.Count >= MaxRemembered)
            {
                foreach (var old in seen.Where(one => time.GetElapsedTime(one.Value.At, now) >= Lifetime).ToList())
                    Forget(old.Key);
            }
            if (seen.Count >= MaxRemembered)
                return false;
            Forget(key);
            seen[key] = new() { At = now };
            return true;
        }
    }

    /// <summary>The event of a refusal that was new: its repetitions are counted there.</summary>
    public void SetEvent(string key, Guid accountId, Guid eventId)
    {
        lock (seen)
        {
            if (seen.TryGetValue(key, out var refusal))
                refusal.Event = (accountId, eventId);
        }
    }

    /// <summary>The repetitions since the last call, for each event that has any.</summary>
    public IReadOnlyList<(Guid AccountId, Guid EventId, int Repeats)> TakeRepeats()
    {
        lock (seen)
        {
            var repeated = new List<(Guid, Guid, int)>();
            foreach (var refusal in seen.Values.Concat(forgotten))
            {
                if (refusal is not { Repeats: > 0, Event: { } known })
                    continue;
                repeated.Add((known.AccountId, known.Id, refusal.Repeats));
                refusal.Repeats = 0;
            }
            forgotten.Clear();
            return repeated;
        }
    }

    private void Forget(string key)
    {
        if (seen.Remove(key, out var refusal) && refusal is { Repeats: > 0, Event: not null })
            forgotten.Add(refusal);
    }

    private sealed class Refusal
    {
        public required long At { get; init; }

        public int Repeats { get; set; }

        public (Guid AccountId, Guid Id)? Event { get; set; }
    }
}
