using System.Diagnostics;

namespace SciLeads.Tests;

/// <summary>One of the servers' programs, run as an operator runs it, with no settings but those of the test.</summary>
internal sealed record ProgramRun(int ExitCode, string Output, string Error)
{
    private static readonly TimeSpan patience = TimeSpan.FromMinutes(1);

    /// <summary>Runs a program of the test's own folder to its end.</summary>
    /// <param name="program">The name of the assembly.</param>
    /// <param name="settings">As environment variables, <c>Name=value</c>.</param>
    /// <param name="arguments">Of the command line.</param>
    public static async Task<ProgramRun> Of(string program, string[] settings, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            // Not the folder of the program, whose settings are not meant.
            WorkingDirectory = Path.GetTempPath(),
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, $"{program}.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        start.Environment["DOTNET_NOLOGO"] = "1";
        foreach (var setting in settings)
            start.Environment[setting.Split('=')[0]] = setting[(setting.IndexOf('=', StringComparison.Ordinal) + 1)..];
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
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
}
