namespace Conformance;

/// <summary>All exchanges that were asked for, and the table of their verdicts.</summary>
internal sealed class Run(Connection connection, Options options)
{
    private readonly List<Verdict> verdicts = [];
    private readonly List<string> left = [];

    /// <summary>Whether everything passed, and nobody was left behind.</summary>
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
            Print(exchange.Client, exchange.Name, "left out", $"needs an account of its own: {exchange.Account}");
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
                Tell(verdict);
        }
        finally
        {
            // Also after Ctrl-C.
            foreach (var sentence in await people.Delete(CancellationToken.None))
            {
                left.Add(sentence);
                Console.WriteLine(sentence);
            }
        }
    }

    private void Tell(Verdict verdict)
    {
        verdicts.Add(verdict);
        var word = verdict.Passed ? "passed" : verdict.Taken ? "FAILED" : "not taken";
        Print(verdict.Exchange.Client, verdict.Exchange.Name, word, $"{verdict.Number} {verdict.Step}");
        foreach (var fault in verdict.Faults)
            Console.WriteLine($"    {fault}");
    }

    private void Summarise(int exchanges)
    {
        var failed = verdicts.Count(verdict => verdict is { Taken: true, Passed: false });
        var notTaken = verdicts.Count(verdict => !verdict.Taken);
        Console.WriteLine(
            $"\n{exchanges} exchanges, {verdicts.Count} steps: {verdicts.Count - failed - notTaken} passed, "
            + $"{failed} failed, {notTaken} not taken.");
        if (connection.Waited > TimeSpan.Zero)
            Console.WriteLine($"The server asked for a pause, {connection.Waited.TotalSeconds:0} seconds in all.");
        Console.WriteLine(left.Count == 0 ? "All users that were made are deleted." : $"{left.Count} users are left.");
    }

    private static void Print(string client, string exchange, string verdict, string step) =>
        Console.WriteLine($"{client,-11}{exchange,-26} {verdict,-10}{step}");
}
