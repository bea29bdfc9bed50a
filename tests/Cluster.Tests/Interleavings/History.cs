using System.Collections.Concurrent;
using System.Diagnostics;
using Auth.Server.Credentials;

namespace Cluster.Tests.Interleavings;

/// <summary>
/// What concurrent callers have observed, with the times of <see cref="Stopwatch"/> between which it happened, and
/// whether it is consistent with the rule.
/// </summary>
internal sealed class History
{
    private readonly ConcurrentBag<(Guid Set, long Begun, long Answered)> accepted = [];
    private readonly ConcurrentBag<(Guid Set, long Answered)> activated = [];
    private readonly ConcurrentBag<(Guid Set, long Answered)> ended = [];
    private readonly ConcurrentDictionary<Guid, long> activationBegun = new();

    public int Accepts => accepted.Count;

    /// <summary>A request or an introspection with the set was admitted.</summary>
    public void Accepted(Guid set, long begun) => accepted.Add((set, begun, Stopwatch.GetTimestamp()));

    /// <summary>A caller is about to activate a set explicitly, not by first use.</summary>
    public void Activates(Guid set, long begun) => activationBegun.TryAdd(set, begun);

    /// <summary>The call that activated the set has returned: all earlier sets have ended.</summary>
    public void Activated(Guid set) => activated.Add((set, Stopwatch.GetTimestamp()));

    /// <summary>The call that ended the set has returned.</summary>
    public void Ended(Guid set) => ended.Add((set, Stopwatch.GetTimestamp()));

    /// <summary>Violations of the rule, in sentences. The sets are in their final state in the database.</summary>
    public IEnumerable<string> Breaches(IReadOnlyCollection<CredentialSet> sets)
    {
        if (sets.Count(set => set.State == CredentialSetState.Active) > 1)
            yield return "Two sets are active.";
        if (sets.Count(set => set.State == CredentialSetState.Staged) > 1)
            yield return "Two sets are staged.";
        var generations = sets.ToDictionary(set => set.Id, set => set.Generation);
        if (generations.Values.OfType<long>().GroupBy(generation => generation).Any(same => same.Count() > 1))
            yield return "Two sets have the same generation.";

        foreach (var (set, begun, answered) in accepted)
        {
            if (generations[set] is not { } generation)
                yield return $"{set} was admitted but was never active.";
            else if (ended.Any(end => end.Set == set && end.Answered < begun))
                yield return $"{set} was admitted after it had ended.";
            else if (activated.Any(later => later.Answered < begun && generations[later.Set] > generation))
                yield return $"{set} was admitted after a later set had been activated.";
            else if (accepted.Any(later => later.Answered < begun && generations[later.Set] > generation))
                yield return $"{set} was admitted after a later set had been admitted: both were active.";
            else if (IsManual(sets, set)
                && (!activationBegun.TryGetValue(set, out var activation) || answered < activation))
                yield return $"{set} was admitted before anybody activated it.";
        }
    }

    private static bool IsManual(IEnumerable<CredentialSet> sets, Guid id) =>
        sets.Any(set => set.Id == id && set.Activation == Activation.Manual);
}
