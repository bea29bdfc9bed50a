using System.Diagnostics;

namespace SciLeads.Tests;

/// <summary>One of the servers' programs, run as an operator runs it, with only the test's settings.</summary>
internal sealed record ProgramRun(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(1);

    /// <summary>
    /// The file of a program: the published one, which starts in half the time, if <c>TEST_SERVERS</c> is the folder
    /// that <c>deploy/publish.sh</c> has published into, otherwise the one in the test's own folder.
    /// </summary>
    public static string FileOf(string program) =>
        Environment.GetEnvironmentVariable("TEST_SERVERS") is { Length: > 0 } published
            ? Path.Combine(published, program.ToLowerInvariant().Replace('.', '-'), $"{program}.dll")
            : Path.Combine(AppContext.BaseDirectory, $"{program}.dll");

    /// <summary>Runs a program, and waits for its end.</summary>
    /// <param name="program">The name of the assembly.</param>
    /// <param name="settings">Environment variables, <c>Name=value</c>.</param>
    /// <param name="arguments">The command line.</param>
    public static async Task<ProgramRun> Of(string program, string[] settings, params string[] arguments)
    {
        using var process = Begin(program, settings, arguments);
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new InvalidOperationException($"{program} did not end: {await output}{await error}");
        }
        return new(process.ExitCode, await output, await error);
    }

    /// <summary>Starts a server, and returns it when it listens. The caller ends it.</summary>
    public static async Task<Process> Server(string program, params string[] settings)
    {
        var process = Begin(program, settings);
        var error = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(patience);
        while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
        {
            if (!line.Contains("Application started", StringComparison.Ordinal))
                continue;
            // Its further output is read and discarded, so that it is not blocked.
            _ = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            return process;
        }
        throw new InvalidOperationException($"{program} did not start: {await error}");
    }

    private static Process Begin(string program, string[] settings, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            // Not the folder of the program, whose settings must not be used.
            WorkingDirectory = Path.GetTempPath(),
        };
        start.ArgumentList.Add(FileOf(program));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["DOTNET_NOLOGO"] = "1";
        foreach (var setting in settings)
            start.Environment[setting.Split('=')[0]] = setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..];
        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }
}
