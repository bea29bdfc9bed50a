using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Benchmarks;

/// <summary>The results: a table, printed as they come, and a JSON file with every run.</summary>
internal sealed class Report(bool judged)
{
    private static readonly JsonSerializerOptions indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly List<object> parts = [];
    private string database = "";

    public bool TargetsAreMet { get; private set; } = true;

    public void Begin(string title)
    {
        database = title;
        Write(
            $"\n{title,-44}{"req/s",9}{"p50 ms",9}{"p99 ms",9}{"server µs",11}{"database µs",12}"
            + $"{"RSS MB",8}{"others",8}");
    }

    /// <summary>Rounds of runs, and the one that counts.</summary>
    public void Add(string name, IReadOnlyList<Run[]> rounds, Run[] quietest, IEnumerable<Target> targets)
    {
        Write($"{new string('-', 110)}");
        foreach (var run in quietest)
            Write(
                $"{run.Name,-44}{run.PerSecond,9:N0}{run.P50,9:N2}{run.P99,9:N1}{run.Cpu,11:N0}{run.DatabaseCpu,12:N0}"
                + $"{run.Memory,8}{run.Others,8:P0}{(run.Refused > 0 ? $"  {run.Refused} refused" : "")}");
        var verdicts = targets.Select(target => target.Judge(quietest)).ToList();
        verdicts.ForEach(Print);
        parts.Add(new { database, name, quietest, verdicts, rounds });
    }

    /// <summary>A single value that should be at most a limit.</summary>
    public void AtMost(double limit, double value, string what)
    {
        var verdict = new Verdict(what, value, limit, value <= limit);
        Print(verdict);
        parts.Add(new { database, name = what, verdicts = new[] { verdict } });
    }

    /// <summary>How long something took, in milliseconds.</summary>
    public void Latency(string name, IEnumerable<double> times)
    {
        var sorted = times.Order().ToArray();
        var (p50, p99) = (sorted[sorted.Length / 2], sorted[sorted.Length * 99 / 100]);
        Add(name, $"{name,-60} {sorted.Length,8:N0} times  p50 {p50,8:N1} ms  p99 {p99,8:N1} ms", new { p50, p99 });
    }

    /// <summary>A line for people, and the same as data.</summary>
    public void Add(string name, string line, object data)
    {
        Write($"{line}");
        parts.Add(new { database, name, data });
    }

    public async Task Save(string file) => await File.WriteAllTextAsync(
        file,
        JsonSerializer.Serialize(
            new
            {
                time = DateTime.UtcNow,
                processors = Environment.ProcessorCount,
                runtime = Environment.Version.ToString(),
                parts,
            },
            indented));

    private void Print(Verdict verdict)
    {
        var judgement = (verdict.IsMet, judged) switch
        {
            (null, _) or (_, false) => "",
            (true, _) => "  met",
            (false, _) => "  MISSED",
        };
        TargetsAreMet &= !judged || verdict.IsMet != false;
        Write($"  {verdict.What,-82}{verdict.Value,10:N2}{verdict.Limit,10:N2}{judgement}");
    }

    private static void Write(ref DefaultInterpolatedStringHandler line) => Console.WriteLine(line.ToStringAndClear());
}
