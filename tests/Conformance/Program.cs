using System.Runtime.InteropServices;

namespace Conformance;

/// <summary>Plays identity providers against a SCIM server: <c>tests/conformance.sh</c>.</summary>
internal static class Program
{
    private const int Interrupted = 130;

    private static async Task<int> Main(string[] args)
    {
        Options options;
        try
        {
            options = Options.Read(args);
        }
        catch (UsageException wrong)
        {
            await Console.Error.WriteLineAsync($"conformance.sh: {wrong.Message} Try --help.");
            return 2;
        }
        if (options.Help)
        {
            Console.WriteLine(Options.Usage);
            return 0;
        }

        using var stop = new CancellationTokenSource();
        using var ctrlC = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop));
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal => Stop(signal, stop));
        using var connection = new Connection(options.Base, $"Bearer {options.Token}");
        var run = new Run(connection, options);
        try
        {
            return await run.Everything(stop.Token) ? 0 : 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            Console.WriteLine("Interrupted.");
            return Interrupted;
        }
    }

    // The second signal ends the process immediately.
    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = !stop.IsCancellationRequested;
        if (signal.Cancel)
            Console.WriteLine("Stopping; the users that were created are being deleted...");
        stop.Cancel();
    }
}
