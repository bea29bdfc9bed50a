namespace Benchmarks;

/// <summary>
/// Measures the SCIM server: <c>dotnet run --configuration Release --project tests/Benchmarks -- [sqlite|postgres]
/// [--smoke]</c>. Ends with 1 if a limit is broken.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args is ["serve", var kind, var connection, var folder])
        {
            await Server.Serve(kind, connection, folder);
            return 0;
        }
        var scale = args.Contains("--smoke") ? Scale.Smoke : Scale.Full;
        var table = new Table(scale.Judged);
        foreach (var database in args.Except(["--smoke"]).DefaultIfEmpty("both"))
        {
            if (database is "sqlite" or "both")
                await new Benchmark(postgres: false, scale, table).Run();
            if (database is "postgres" or "both")
                await new Benchmark(postgres: true, scale, table).Run();
        }
        return table.LimitsAreKept ? 0 : 1;
    }
}
