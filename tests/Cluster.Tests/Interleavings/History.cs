using System.Collections.Concurrent;
using System.Diagnostics;
using Auth.Server.Credentials;

namespace Cluster.Tests.Interleavings;

/// <summary>
/// What those who did something at once have seen, with the times of <see cref="Stopwatch"/> between which it happened;
/// and whether it keeps the rule.
/// </summary>
internal sealed class History
{
    private readonly ConcurrentBag<(Guid Set, long Begun, long Answered)> accepted = [];
    private readonly ConcurrentBag<(Guid Set, long Answered)> activated = [];
    private readonly ConcurrentBag<(Guid Set, long Answered)> ended = [];
    private readonly ConcurrentDictionary<Guid, long> activationBegun = new();

    public int Accepts => accepted.Count;

    /// <summary>A request or an introspection with the set was let in.</summary>
    public void Accepted(Guid set, long begun) => accepted.Add((set, begun, Stopwatch.GetTimestamp()));

    /// <summary>Somebody is about to make a set active that is not so by its first use.</summary>
    public void Activates(Guid set, long begun) => activationBegun.TryAdd(set, begun);

    /// <summary>The call that made the set active has answered: all sets before it are dead.</summary>
    public void Activated(Guid set) => activated.Add((set, Stopwatch.GetTimestamp()));

    /// <summary>The call that ended the set has answered.</summary>
    public void Ended(Guid set) => ended.Add((set, Stopwatch.GetTimestamp()));

    /// <summary>What breaks the rule, in sentences. The sets are as the database has them in the end.</summary>
    public IEnumerable<string> Breaches(IReadOnlyCollection<CredentialSet> sets)
    {
        if (sets.Count(set => set.State == CredentialSetState.Active) > 1)
            yield return "Two sets are active.";
        if (sets.Count(set => set.State == CredentialSetState.Staged) > 1)
            yield return "Two sets are staged.";
        var generations = sets.ToDictionary(set => set.Id, set => set.Generation);
        if (generations.Values.OfType<long>().GroupBy(generation => generation).Any(same => same.Count() > 1))
            yield return "Two sets have one generation.";

        foreach (var (set, begun, answered) in accepted)
        {
            if (generations[set] is not { } generation)
                yield return $"{set} was let in and never active.";
            else if (ended.Any(end => end.Set == set && end.Answered < begun))
                yield return $"{set} was let in after it had been ended.";
            else if (activated.Any(later => later.Answered < begun && generations[later.Set] > generation))
                yield return $"{set} was let in after a later set had been made active.";
            else if (accepted.Any(later => later.Answered < begun && generations[later.Set] > generation))
                yield return $"{set} was let in after a later set had been let in: both were active.";
            else if (IsManual(sets, set)
                && (!activationBegun.TryGetValue(set, out var activation) || answered < activation))
                yield return $"{set} was let in before anybody activated it.";
        }
    }

    private static bool IsManual(IEnumerable<CredentialSet> sets, Guid id) =>
        sets.Any(set => set.Id == id && set.Activation == Activation.Manual);
}
