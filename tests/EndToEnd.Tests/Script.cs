using System.Diagnostics;

namespace EndToEnd.Tests;

/// <summary>The exit code and the output of a program.</summary>
internal sealed record Ended(int ExitCode, string Output, string Error)
{
    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Error}";
}

/// <summary>Runs the scripts of this repository and the commands that they write.</summary>
internal static class Script
{
    private static readonly TimeSpan longest = TimeSpan.FromMinutes(5);

    /// <summary>The root of the repository that these tests were built from.</summary>
    public static string Repository { get; } = FindRepository();

    public static string LocalSh { get; } = Path.Combine(Repository, "deploy", "local.sh");

    public static string RotateSh { get; } = Path.Combine(Repository, "deploy", "rotate.sh");

    public static string TryOAuthSh { get; } = Path.Combine(Repository, "deploy", "try-oauth.sh");

    public static async Task<Ended> Run(string program, params string[] arguments)
    {
        using var process = Start(program, arguments);
        process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(longest);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            var error = process.StandardError.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return new(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end in {longest}.");
        }
    }

    /// <summary>Starts a program to interact with while it runs.</summary>
    public static Process Start(string program, params string[] arguments) => Process.Start(
        new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Not in the repository: the programs must work from any folder.
            WorkingDirectory = Path.GetTempPath(),
        })!;

    /// <summary>Reads the output of a program up to a certain line.</summary>
    public static async Task<string> ReadUntil(Process process, Func<string, bool> isIt)
    {
        using var timeout = new CancellationTokenSource(longest);
        while (await process.StandardOutput.ReadLineAsync(timeout.Token) is { } line)
        {
            if (isIt(line))
                return line;
        }

        throw new InvalidOperationException(
            $"It ended early: {await process.StandardError.ReadToEndAsync(timeout.Token)}");
    }

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "SciLeads.Auth.sln")))
            folder = folder.Parent ?? throw new DirectoryNotFoundException(
                "The tests run outside of their repository.");
        return folder.FullName;
    }
}
