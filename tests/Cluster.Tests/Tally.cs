using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Cluster.Tests;

/// <summary>
/// Counts the outcomes of requests. A request that begins after the call that ended its credentials has returned must
/// be refused with 401, or with 503 by a node that cannot know. Anything else is a stale accept.
/// </summary>
internal sealed partial class Tally
{
    private readonly ConcurrentDictionary<int, int> statuses = new();
    private readonly ConcurrentBag<string> stale = [];
    private readonly ConcurrentBag<int> barriers = [];
    private int lost;
    private int refusedInTime;

    /// <summary>What should not have been admitted.</summary>
    public IReadOnlyCollection<string> Stale => stale;

    public int Requests => statuses.Values.Sum();

    /// <summary>Requests that began with ended credentials, and were refused.</summary>
    public int RefusedInTime => refusedInTime;

    public int CountOf(int status) => statuses.GetValueOrDefault(status);

    /// <summary>Faults of the server itself.</summary>
    public int Faults => statuses.Where(status => status.Key >= 500 && status.Key != 503).Sum(status => status.Value);

    public void CountLost() => Interlocked.Increment(ref lost);

    public void Count(IssuedSet set, long begun, int status, string request)
    {
        statuses.AddOrUpdate(status, 1, (_, before) => before + 1);
        if (begun <= set.Ended)
            return;
        if (status == 401 || status >= 500)
            Interlocked.Increment(ref refusedInTime);
        else
            stale.Add($"{request} was answered by {status} though set {set.Id} had ended "
                + $"{Stopwatch.GetElapsedTime(set.Ended, begun).TotalMilliseconds:F1} ms before it was begun");
    }

    public void CountWrites(IssuedSet set, long now)
    {
        if (set.Writes is { } before && now != before)
            stale.Add($"{now - before} writes of set {set.Id} were committed after it had ended");
    }

    /// <summary>How long the barriers took that every node confirmed.</summary>
    public void CountBarrier(string confirmation)
    {
        if (Confirmed().Match(confirmation) is { Success: true } match
            && match.Groups[1].Value == match.Groups[2].Value)
            barriers.Add(int.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture));
    }

    public override string ToString()
    {
        var times = barriers.Order().ToArray();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Requests} requests "
            + $"({string.Join(", ", statuses.OrderBy(s => s.Key).Select(s => $"{s.Value} × {s.Key}"))}), {lost} lost, ")
            + $"{refusedInTime} begun with ended credentials and refused, {stale.Count} stale accepts; "
            + (times.Length == 0
                ? "no barrier was confirmed by all"
                : $"{times.Length} barriers confirmed by all nodes, p50 {times[times.Length / 2]} ms, "
                    + $"p99 {times[(int)(0.99 * (times.Length - 1))]} ms");
    }

    [GeneratedRegex("^Confirmed by (\\d+) of (\\d+) nodes? in (\\d+) ms")]
    private static partial Regex Confirmed();
}
