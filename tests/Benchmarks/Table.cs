using System.Globalization;

namespace Benchmarks;

/// <summary>The table of results, written line by line, and whether every limit was met.</summary>
internal sealed class Table(bool judged)
{
    private static readonly string Line = new('-', 88);

    public bool LimitsAreKept { get; private set; } = true;

    public static void Title(string database) => Write(
        $"\n{database,-36}{"server µs",12}{"database µs",13}{"bytes",12}{"ratio",8}{"limit",7}\n{Line}");

    public static void Row(string name, Cost cost) => Write($"{Columns(name, cost)}");

    /// <summary>Two subjects that were measured alternately.</summary>
    public void Compare(
        (string Name, List<Cost> Costs) subject,
        (string Name, List<Cost> Costs) baseline,
        Func<Cost, double> measure,
        double limit)
    {
        var ratio = Cost.Median(subject.Costs.Zip(baseline.Costs, (cost, other) => measure(cost) / measure(other)));
        Write($"{Columns(subject.Name, Cost.Median(subject.Costs))}{ratio,8:F2}{limit,7:F2}{Verdict(ratio <= limit)}");
        Row(baseline.Name, Cost.Median(baseline.Costs));
    }

    /// <summary>A query that must use an index, whatever it costs.</summary>
    public void Plan(string name, IReadOnlyList<string> plan)
    {
        if (!judged || Plans.IsLookUp(plan))
            return;
        LimitsAreKept = false;
        Write($"{name} is no index look-up:\n  {string.Join("\n  ", plan)}");
    }

    /// <summary>
    /// How long barriers took, in milliseconds, shortest first. On an idle machine they should be below 50.
    /// </summary>
    public static void Barrier(int nodes, int[] times) => Write(
        $"barrier of {nodes} nodes: p50 {Percentile(times, 0.5)} ms, p99 {Percentile(times, 0.99)} ms");

    /// <summary>By how many megabytes a server's peak memory grows under concurrent requests.</summary>
    public void Memory(int requests, long idle, long peak, IReadOnlyList<int> statuses, long limit)
    {
        var answers = string.Join(", ", statuses.CountBy(status => status).Select(one => $"{one.Value} x {one.Key}"));
        var verdict = Verdict(peak - idle <= limit);
        Write($"{requests} pages of large users at once: {idle} MB, then {peak} MB ({answers}){verdict}");
    }

    /// <summary>How long introspection took during an event, in milliseconds, shortest first.</summary>
    public static void Latency(string during, double[] times) => Write(
        $"introspection, {during,-36} p50 {Percentile(times, 0.5),8:F1} ms, p99 {Percentile(times, 0.99),8:F1} ms");

    private static T Percentile<T>(T[] ascending, double share) => ascending[(int)(share * (ascending.Length - 1))];

    private string Verdict(bool isKept)
    {
        if (!judged)
            return "";
        LimitsAreKept &= isKept;
        return isKept ? "  kept" : "  BROKEN";
    }

    private static FormattableString Columns(string name, Cost cost) =>
        $"{name,-36}{cost.Cpu,12:N1}{cost.DatabaseCpu,13:N1}{cost.Bytes,12:N0}";

    private static void Write(FormattableString line) =>
        Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
