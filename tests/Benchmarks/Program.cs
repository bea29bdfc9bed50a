using Benchmarks.Floors;
using SciLeads.Tests;

namespace Benchmarks;

/// <summary>
/// Measures both servers; <c>tests/bench.sh</c> starts it and describes its options. Exits with 1 if a target is
/// missed.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is ["serve", var floor])
        {
            await Floor.Run(floor);
            return 0;
        }
        var (published, results, wanted) = (args[0], args[1], args[2..]);
        Server.Published = published;
        var scale = wanted.Contains("--smoke") ? Scale.Smoke : Scale.Full;
        // A million users take 2.2 GB. PostgreSQL's default suits any machine; its manual recommends a quarter of the
        // memory.
        if (scale.Judged)
            TestPostgres.SharedBuffers = "4GB";
        TestPostgres.IsDurable = true;
        var report = new Report(scale.Judged);
        foreach (var postgres in new[] { false, true })
        {
            if (wanted.Contains(postgres ? "sqlite" : "postgres"))
                continue;
            report.Begin(postgres ? "PostgreSQL" : "SQLite");
            var benchmark = new Benchmark(postgres, scale, report);
            (string Name, Func<Task> Measure)[] parts =
            [
                ("reads", benchmark.Reads),
                ("pages", benchmark.Pages),
                ("writes", benchmark.Writes),
                ("growth", benchmark.Growth),
            ];
            var chosen = Array.FindAll(parts, part => wanted.Contains(part.Name));
            foreach (var (_, measure) in chosen.Length > 0 ? chosen : parts)
            {
                await measure();
                await report.Save(results);
            }
        }
        return report.TargetsAreMet ? 0 : 1;
    }
}
