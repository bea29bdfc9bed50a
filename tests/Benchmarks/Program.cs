using SciLeads.Tests;

namespace Benchmarks;

/// <summary>
/// Measures the SCIM server: <c>dotnet run --configuration Release --project tests/Benchmarks -- [sqlite|postgres]
/// [tokens|floods|rotation|barrier|cached|users|growth|memory] [--smoke]</c>. Exits with 1 if a limit is exceeded.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is ["serve"])
        {
            await Server.Serve();
            return 0;
        }
        var scale = args.Contains("--smoke") ? Scale.Smoke : Scale.Full;
        // A million users take 2.2 GB. PostgreSQL's default suits any machine; its manual recommends a quarter of the
        // memory.
        if (scale.Judged)
            TestPostgres.SharedBuffers = "4GB";
        var table = new Table(scale.Judged);
        foreach (var postgres in new[] { false, true })
        {
            if (args.Contains(postgres ? "sqlite" : "postgres"))
                continue;
            var benchmark = new Benchmark(postgres, scale, table);
            Table.Title(postgres ? "PostgreSQL" : "SQLite");
            (string Name, Func<Task> Measure)[] parts =
            [
                ("tokens", benchmark.Tokens),
                ("floods", benchmark.Floods),
                ("rotation", benchmark.Rotations),
                ("barrier", benchmark.Barrier),
                ("cached", benchmark.Cached),
                ("users", benchmark.Users),
                ("growth", benchmark.Growth),
                ("memory", benchmark.Memory),
            ];
            var wanted = Array.FindAll(parts, part => args.Contains(part.Name));
            foreach (var (_, measure) in wanted.Length > 0 ? wanted : parts)
                await measure();
        }
        return table.LimitsAreKept ? 0 : 1;
    }
}
