using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Cluster.Tests;

/// <summary>A server as a process, on a port that stays the same when it is restarted.</summary>
internal sealed class Node(
    string kind, string name, TimeSpan clockOffset, string folder, string[] settings,
    Uri? address = null) : IAsyncDisposable
{
    private Process? process;

    public string Name => name;

    public Uri Address { get; } = address ?? new($"http://127.0.0.1:{FreePort()}");

    /// <summary>
    /// A second process with the same name, like one that was restarted elsewhere while this one is frozen: a node's
    /// name contains only the port of its address.
    /// </summary>
    public Node Twin() => new(
        kind, $"{name}-twin", clockOffset, folder, settings, new($"http://127.0.0.2:{Address.Port}"));

    /// <summary>Starts the process, and returns when it listens.</summary>
    public async Task Start()
    {
        string[] arguments =
        [
            kind, clockOffset.ToString("c", CultureInfo.InvariantCulture), $"--Urls={Address.AbsoluteUri.TrimEnd('/')}",
            .. settings,
            "--Logging:LogLevel:Default=Warning",
        ];
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Under `dotnet test` this process is the test host, so the program is passed to it.
        start.ArgumentList.Add(typeof(Node).Assembly.Location);
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) != "dotnet")
            start.FileName = "dotnet";
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        // Six processes that recompile their hot code would take all of a small machine's time for minutes.
        start.Environment["DOTNET_TC_CallCounting"] = "0";
        process = Process.Start(start)!;
        var log = Path.Combine(folder, $"{name}.log");
        process.ErrorDataReceived += (_, line) => Append(log, line.Data);
        process.BeginErrorReadLine();
        for (var line = ""; !line.StartsWith("http://", StringComparison.Ordinal); Append(log, line))
        {
            line = await process.StandardOutput.ReadLineAsync()
                ?? throw new InvalidOperationException($"{name} did not start: {await File.ReadAllTextAsync(log)}");
        }
        _ = Task.Run(async () =>
        {
            while (await process.StandardOutput.ReadLineAsync() is { } line)
                Append(log, line);
        });
    }

    /// <summary>Freezes the process wherever it is; its clock continues.</summary>
    public void Pause() => Signal("STOP");

    public void Resume() => Signal("CONT");

    /// <summary>Kills the process, as in a power failure.</summary>
    public async Task Kill()
    {
        Signal("KILL");
        await process!.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (process is null)
            return;
        if (!process.HasExited)
        {
            Resume();
            process.StandardInput.Close();
            if (!process.WaitForExit(TimeSpan.FromSeconds(10)))
                await Kill();
        }
        process.Dispose();
    }

    private void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", process!.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        if (kill.ExitCode != 0)
            throw new InvalidOperationException($"The signal {signal} cannot be sent to {name}.");
    }

    private static void Append(string log, string? line)
    {
        if (line is null)
            return;
        lock (typeof(Node))
            File.AppendAllText(log, $"{line}\n");
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
