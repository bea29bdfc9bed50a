using System.Globalization;
using Npgsql;

namespace Benchmarks;

/// <summary>The processes of PostgreSQL, each of which serves one connection.</summary>
internal static class Backends
{
    /// <summary>
    /// CPU time that was spent on connections to the same database with the same application name as in this connection
    /// string. Processes on another machine are not counted.
    /// </summary>
    public static async Task<TimeSpan> CpuTime(string connection)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        await using var command = source.CreateCommand(
            """
            SELECT pid FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend'
              AND application_name = current_setting('application_name') AND pid <> pg_backend_pid()
            """);
        await using var processes = await command.ExecuteReaderAsync();
        var sum = TimeSpan.Zero;
        while (await processes.ReadAsync())
            sum += CpuTime(processes.GetInt32(0));
        return sum;
    }

    private static TimeSpan CpuTime(int process)
    {
        var nanoseconds = File.Exists($"/proc/{process}/schedstat")
            ? File.ReadAllText($"/proc/{process}/schedstat").Split(' ')[0]
            : "0";
        return TimeSpan.FromMicroseconds(long.Parse(nanoseconds, CultureInfo.InvariantCulture) / 1000.0);
    }
}
