using System.Diagnostics;

namespace SciLeads.Tests;

/// <summary>
/// A PostgreSQL of the tests' own, reached by a Unix socket in a folder of its own, as a user that is not root. It is gone
/// with the process at the latest.
/// </summary>
internal sealed class PrivatePostgres
{
    private static readonly string? binaries = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Order().Select(version => $"{version}/bin/").LastOrDefault()
        : null;

    private readonly string folder = Directory.CreateTempSubdirectory("postgres-").FullName;
    private readonly string options;

    /// <summary>Makes it and starts it.</summary>
    /// <param name="settings">Of the server, as <c>-c NAME=VALUE</c>.</param>
    /// <param name="durable">Whether a commit outlives a crash; otherwise it is faster.</param>
    public PrivatePostgres(string settings = "", bool durable = false)
    {
        options = $"-k {folder} -c listen_addresses='' -c max_connections=300 {settings}"
            + (durable ? "" : " -c fsync=off -c full_page_writes=off");
        if (Environment.UserName == "root")
            Run("chown", "postgres", folder);
        RunAsOwner("initdb", "-D", Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8");
        Start();
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            Stop();
            Directory.Delete(folder, recursive: true);
        };
    }

    /// <summary>A connection string without a database.</summary>
    public string Connection => $"Host={folder};Username=postgres";

    private string Data => Path.Combine(folder, "data");

    public void Start() => RunAsOwner("pg_ctl", "start", "-w", "-D", Data, "-l", Path.Combine(folder, "log"), "-o", options);

    /// <summary>Stops it as a crash would: what was not committed is lost, and nobody is told.</summary>
    public void Stop() => RunAsOwner("pg_ctl", "stop", "-m", "immediate", "-D", Data);

    // PostgreSQL refuses to run as root.
    private static void RunAsOwner(string program, params string[] arguments)
    {
        if (Environment.UserName == "root")
            Run("runuser", ["-u", "postgres", "--", binaries + program, .. arguments]);
        else
            Run(binaries + program, arguments);
    }

    private static void Run(string program, params string[] arguments)
    {
        // Output is not redirected: the server that pg_ctl starts would keep the pipe open.
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Path.GetTempPath() };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
