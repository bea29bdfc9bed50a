namespace Scim.Api.Provisioning;

/// <summary>
/// Remembers refusals for a minute, so that a client that repeats a request does not fill the log. Per process: each
/// node remembers its own. While it is full, new refusals count as repetitions.
/// </summary>
internal sealed class RecentRefusals(TimeProvider time)
{
    public const int MaxRemembered = 10_000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, long> seen = new(StringComparer.Ordinal);

    /// <summary>Whether no refusal with this key was seen in the last minute.</summary>
    public bool IsNew(string key)
    {
        lock (seen)
        {
            var now = time.GetTimestamp();
            if (seen.TryGetValue(key, out var before) && time.GetElapsedTime(before, now) < Lifetime)
                return false;
            if (seen.Count >= MaxRemembered)
            {
                foreach (var (old, _) in seen.Where(one => time.GetElapsedTime(one.Value, now) >= Lifetime).ToList())
                    seen.Remove(old);
            }
            if (seen.Count >= MaxRemembered)
                return false;
            seen[key] = now;
            return true;
        }
    }
}
