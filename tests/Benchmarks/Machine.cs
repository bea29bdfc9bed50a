using System.Globalization;

namespace Benchmarks;

/// <summary>What processes and the whole machine have used so far, from <c>/proc</c>.</summary>
internal static class Machine
{
    // The kernel reports CPU time in hundredths of a second on every architecture that .NET supports.
    private static readonly TimeSpan tick = TimeSpan.FromMilliseconds(10);

    public static TimeSpan CpuOf(int process)
    {
        var fields = Fields(process);
        return Ticks(fields, 11) + Ticks(fields, 12);
    }

    /// <summary>CPU time of the children of this process that have ended: of the load generator.</summary>
    public static TimeSpan CpuOfEndedChildren()
    {
        var fields = Fields(Environment.ProcessId);
        return Ticks(fields, 13) + Ticks(fields, 14);
    }

    /// <summary>
    /// CPU time of PostgreSQL's processes: of those that serve connections to a database, and of those that write its
    /// log and its pages in the background. None if the server is on another machine.
    /// </summary>
    public static (TimeSpan Connections, TimeSpan Background) CpuOfPostgres(string database)
    {
        var (connections, background) = (TimeSpan.Zero, TimeSpan.Zero);
        foreach (var (process, title) in Postgres())
        {
            if (title.Contains(database, StringComparison.Ordinal))
                connections += CpuOf(process);
            else if (title.Contains("writer", StringComparison.Ordinal)
                || title.Contains("checkpointer", StringComparison.Ordinal)
                || title.Contains("autovacuum", StringComparison.Ordinal))
                background += CpuOf(process);
        }
        return (connections, background);
    }

    /// <summary>CPU time of everything that runs on this machine.</summary>
    public static TimeSpan CpuOfAll()
    {
        // cpu, user, nice, system, idle, iowait, irq, softirq
        var fields = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return Ticks(fields, 1) + Ticks(fields, 2) + Ticks(fields, 3) + Ticks(fields, 6) + Ticks(fields, 7);
    }

    /// <summary>
    /// Waits until nothing works any more, but not for more than a minute: after their first requests, servers compile
    /// in the background, for half a minute if no processor is free.
    /// </summary>
    public static async Task Rest()
    {
        var second = TimeSpan.FromSeconds(1);
        for (var seconds = 0; seconds < 60; seconds++)
        {
            var before = CpuOfAll();
            await Task.Delay(second);
            if (CpuOfAll() - before < second / 10)
                return;
        }
    }

    /// <summary>A value of a process's status, such as <c>VmRSS</c>, in megabytes.</summary>
    public static int Memory(int process, string label)
    {
        var line = File.ReadLines($"/proc/{process}/status")
            .First(line => line.StartsWith($"{label}:", StringComparison.Ordinal));
        return int.Parse(line[(label.Length + 1)..^" kB".Length], CultureInfo.InvariantCulture) / 1024;
    }

    // PostgreSQL's processes say in their command line what they do. Process.GetProcessesByName would take that for
    // their name.
    private static IEnumerable<(int Process, string Title)> Postgres()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var process)
                && Read($"{folder}/cmdline") is var title && title.StartsWith("postgres:", StringComparison.Ordinal))
                yield return (process, title);
        }
    }

    /// <summary>The fields of a process's <c>stat</c> after its name, which may contain spaces.</summary>
    private static string[] Fields(int process)
    {
        var stat = Read($"/proc/{process}/stat");
        return stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private static TimeSpan Ticks(string[] fields, int index) =>
        fields.Length > index ? tick * long.Parse(fields[index], CultureInfo.InvariantCulture) : TimeSpan.Zero;

    // Empty if the process has ended.
    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
