using System.Globalization;
using Benchmarks.Floors;
using SciLeads.Tests;

namespace Benchmarks;

/// <summary>
/// Measures both servers; <c>tests/bench.sh</c> starts it and describes its options. Exits with 1 if a target is
/// missed.
/// </summary>
internal static class Program
{
    // The parts that run if none is named.
    private const int Usual = 3;

    private static async Task<int> Main(string[] args)
    {
        if (args is ["serve", var floor])
        {
            await Floor.Run(floor);
            return 0;
        }
        if (args is ["micro", .. var options])
        {
            Micro.Parts.Run(options);
            return 0;
        }
        var (published, results, wanted) = (args[0], args[1], args[2..]);
        Server.Published = published;
        var scale = wanted.Contains("--smoke") ? Scale.Smoke : Scale.Full;
        if (Array.FindIndex(wanted, argument => argument.All(char.IsAsciiDigit)) is >= 0 and var users)
            scale = scale with { CycleUsers = int.Parse(wanted[users], CultureInfo.InvariantCulture) };
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
                ("tokens", benchmark.Tokens),
                ("portal", benchmark.Portal),
                ("start", benchmark.Start),
                ("growth", benchmark.Growth),
                ("okta", benchmark.OktaDay),
                ("entra", benchmark.EntraCycle),
                ("memory", benchmark.Memory),
                ("barrier", benchmark.Barrier),
                ("rotation", benchmark.Rotations),
                ("floods", benchmark.Floods),
            ];
            var chosen = Array.FindAll(parts, part => wanted.Contains(part.Name));
            foreach (var (_, measure) in chosen.Length > 0 ? chosen : parts[..Usual])
            {
                await measure();
                await report.Save(results);
            }
        }
        return report.TargetsAreMet ? 0 : 1;
    }
}
