namespace Conformance;

/// <summary>Runs the requested exchanges, and prints the table of their verdicts.</summary>
internal sealed class Run(Connection connection, Options options)
{
    private readonly List<Verdict> verdicts = [];
    private readonly List<string> left = [];

    /// <summary>Whether everything passed, and every created user was deleted.</summary>
    public async Task<bool> Everything(CancellationToken cancellation)
    {
        var asked = Exchange.All
            .Where(exchange => options.Clients.Count == 0 || options.Clients.Contains(exchange.Client)).ToList();
        var possible = asked.Where(exchange => exchange.Account is null).ToList();
        var preconditions = new Preconditions(connection, options.Domain);
        if (await preconditions.Missing(possible.Max(exchange => exchange.Population), cancellation) is { } missing)
        {
            await Console.Error.WriteLineAsync(missing);
            return false;
        }

        Print("CLIENT", "EXCHANGE", "VERDICT", "STEP");
        foreach (var exchange in possible)
            await Play(exchange, cancellation);
        foreach (var exchange in asked.Except(possible))
            Print(exchange.Client, exchange.Name, "skipped", $"needs a special account: {exchange.Account}");
        Summarise(possible.Count);
        return left.Count == 0 && verdicts.TrueForAll(verdict => verdict.Passed);
    }

    private async Task Play(Exchange exchange, CancellationToken cancellation)
    {
        var names = new Names(options.Domain);
        var people = new People(connection, names);
        try
        {
            await foreach (var verdict in new Walk(exchange, connection, people, names, exact: false).Run(cancellation))
                Report(verdict);
        }
        finally
        {
            // Even after Ctrl-C.
            foreach (var sentence in await people.Delete(CancellationToken.None))
            {
                left.Add(sentence);
                Console.WriteLine(sentence);
            }
        }
    }

    private void Report(Verdict verdict)
    {
        verdicts.Add(verdict);
        var word = verdict.Passed ? "passed" : verdict.WasRun ? "FAILED" : "not run";
        Print(verdict.Exchange.Client, verdict.Exchange.Name, word, $"{verdict.Number} {verdict.Step}");
        foreach (var fault in verdict.Faults)
            Console.WriteLine($"    {fault}");
    }

    private void Summarise(int exchanges)
    {
        var failed = verdicts.Count(verdict => verdict is { WasRun: true, Passed: false });
        var notRun = verdicts.Count(verdict => !verdict.WasRun);
        Console.WriteLine(
            $"\n{exchanges} exchanges, {verdicts.Count} steps: {verdicts.Count - failed - notRun} passed, "
            + $"{failed} failed, {notRun} not run.");
        if (connection.Waited > TimeSpan.Zero)
            Console.WriteLine($"The server asked for pauses, {connection.Waited.TotalSeconds:0} seconds in total.");
        Console.WriteLine(
            left.Count == 0 ? "All users that were created are deleted." : $"{left.Count} users were not deleted.");
    }

    private static void Print(string client, string exchange, string verdict, string step) =>
        Console.WriteLine($"{client,-11}{exchange,-26} {verdict,-10}{step}");
}
