namespace Scim.Api.Provisioning;

/// <summary>
/// Remembers refusals for a minute, so that a client that repeats itself does not fill the log. In the process: each
/// node has its own minute. When it is full, what is new passes for a repetition until a minute is over.
/// </summary>
internal sealed class RecentRefusals(TimeProvider time)
{
    public const int MaxRemembered = 10_000;

    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, long> seen = new(StringComparer.Ordinal);

    /// <summary>Whether none like it was seen in the last minute.</summary>
    public bool IsNew(string likeness)
    {
        lock (seen)
        {
            var now = time.GetTimestamp();
            if (seen.TryGetValue(likeness, out var before) && time.GetElapsedTime(before, now) < Memory)
                return false;
            if (seen.Count >= MaxRemembered)
            {
                foreach (var (old, _) in seen.Where(one => time.GetElapsedTime(one.Value, now) >= Memory).ToList())
                    seen.Remove(old);
            }
            if (seen.Count >= MaxRemembered)
                return false;
            seen[likeness] = now;
            return true;
        }
    }
}
