using System.Diagnostics;

namespace SciLeads.Tests;

/// <summary>
/// A PostgreSQL server for the tests, reached through a Unix socket in a separate folder. It runs as a user other than
/// root. A watchdog process stops it and deletes its folder once the process that started it has ended, however it
/// ended.
/// </summary>
internal sealed class PrivatePostgres
{
    private static readonly string? binaries = Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Order().Select(version => $"{version}/bin/").LastOrDefault()
        : null;

    private readonly string folder = Directory.CreateTempSubdirectory("postgres-").FullName;
    private readonly string options;

    /// <summary>Creates and starts the server.</summary>
    /// <param name="settings">Settings of the server, as <c>-c NAME=VALUE</c>.</param>
    /// <param name="durable">Whether a commit survives a crash. If not, it is faster.</param>
    public PrivatePostgres(string settings = "", bool durable = false)
    {
        options = $"-k {folder} -c listen_addresses='' -c max_connections=300 {settings}"
            + (durable ? "" : " -c fsync=off -c full_page_writes=off");
        if (Environment.UserName == "root")
            Run("chown", "postgres", folder);
        RunAsOwner("initdb", "-D", Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8");
        Start();
        Watch();
    }

    /// <summary>A connection string without a database.</summary>
    public string Connection => $"Host={folder};Username=postgres";

    private string Data => Path.Combine(folder, "data");

    public void Start() =>
        RunAsOwner("pg_ctl", "start", "-w", "-D", Data, "-l", Path.Combine(folder, "log"), "-o", options);

    /// <summary>Stops the server as a crash would: uncommitted writes are lost, and clients are not notified.</summary>
    public void Stop() => RunAsOwner("pg_ctl", "stop", "-m", "immediate", "-D", Data);

    /// <summary>
    /// Starts the watchdog. The test host does not raise <c>ProcessExit</c>, and a killed process could not do so
    /// anyway.
    /// </summary>
    private void Watch()
    {
        var stop = string.Join(' ', AsOwner("pg_ctl").Append("stop").Append("-m").Append("immediate"));
        var script =
            $"while kill -0 {Environment.ProcessId}; do sleep 0.5; done; {stop} -D '{Data}'; rm -rf '{folder}'";
        // Ctrl-C in the terminal reaches the watchdog as well, and must not end it before the tests.
        using var watchdog = Process.Start(new ProcessStartInfo(
            "sh", ["-c", $"(trap '' INT HUP; {script}) </dev/null >/dev/null 2>&1 &"])
        {
            WorkingDirectory = Path.GetTempPath(),
        })!;
        watchdog.WaitForExit();
    }

    private static void RunAsOwner(string program, params string[] arguments)
    {
        var command = AsOwner(program);
        Run(command[0], [.. command[1..], .. arguments]);
    }

    // PostgreSQL refuses to run as root.
    private static string[] AsOwner(string program) => Environment.UserName == "root"
        ? ["runuser", "-u", "postgres", "--", binaries + program]
        : [binaries + program];

    private static void Run(string program, params string[] arguments)
    {
        // Output is not redirected: the server that pg_ctl starts would keep the pipe open.
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = Path.GetTempPath() };
        using var process = Process.Start(start)!;
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new InvalidOperationException(
                $"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}.");
    }
}
