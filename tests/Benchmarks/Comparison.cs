namespace Benchmarks;

/// <summary>
/// Loads that are measured in turn, several times over, and what their ratios should be. All figures come from the same
/// round: the one during which the rest of the machine did least.
/// </summary>
internal sealed class Comparison(string name, params Load[] loads)
{
    private readonly List<Target> targets = [];

    /// <summary>Requires that a figure of one load is at most a multiple of the same figure of another.</summary>
    public Comparison AtMost(double limit, Load load, Load floor, Func<Run, double>? figure = null) =>
        Add(new(load.Name, floor.Name, figure ?? (run => run.AllCpu), limit, IsMinimum: false));

    /// <summary>Requires that a load reaches a share of another's requests per second.</summary>
    public Comparison RateAtLeast(double share, Load load, Load floor) =>
        Add(new(load.Name, floor.Name, run => run.PerSecond, share, IsMinimum: true));

    /// <summary>Requires a number of requests per second.</summary>
    public Comparison AtLeastPerSecond(double requests, Load load) =>
        Add(new(load.Name, Floor: null, run => run.PerSecond, requests, IsMinimum: true));

    /// <summary>Reports the ratio of a load's CPU time to that of another.</summary>
    public Comparison Against(Load load, Load floor) =>
        Add(new(load.Name, floor.Name, run => run.AllCpu, Limit: null, IsMinimum: false));

    public async Task Measure(Scale scale, Report report)
    {
        foreach (var load in loads)
            await load.WarmUp(scale.WarmUpSeconds);
        await Machine.Rest();
        var rounds = new List<Run[]>();
        for (var round = 0; round < scale.Rounds; round++)
        {
            // Each second round goes backwards, so that a change of the machine's speed favours neither.
            var runs = new Dictionary<string, Run>(StringComparer.Ordinal);
            foreach (var load in round % 2 == 0 ? loads : loads.Reverse())
                runs[load.Name] = await load.Measure(scale.Seconds);
            rounds.Add([.. loads.Select(load => runs[load.Name])]);
        }
        report.Add(name, rounds, rounds.MinBy(runs => runs.Sum(run => run.Others))!, targets);
    }

    private Comparison Add(Target target)
    {
        targets.Add(target);
        return this;
    }
}

/// <summary>What a ratio of two loads, or a figure of one, should be.</summary>
internal sealed record Target(string Load, string? Floor, Func<Run, double> Figure, double? Limit, bool IsMinimum)
{
    public Verdict Judge(IReadOnlyList<Run> runs)
    {
        var value = Figure(Of(Load)) / (Floor is null ? 1 : Figure(Of(Floor)));
        var isRate = IsMinimum;
        var what = Floor is null
            ? $"{Load}, requests per second"
            : $"{Load} / {Floor}, {(isRate ? "requests per second" : "CPU")}";
        return new(what, value, Limit, Limit is null ? null : IsMinimum ? value >= Limit : value <= Limit);

        Run Of(string name) => runs.First(run => run.Name == name);
    }
}

/// <summary>A measured value, its limit, and whether it is within it; both null if there is none.</summary>
internal sealed record Verdict(string What, double Value, double? Limit, bool? IsMet);
