using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Benchmarks;

/// <summary>
/// A server as a separate process, configured by environment variables: one of the product's two, or a floor, which is
/// this program with the command <c>serve</c>.
/// </summary>
internal sealed class Server : IAsyncDisposable
{
    private static readonly TimeSpan longestStart = TimeSpan.FromMinutes(2);

    private readonly Process process;
    private readonly string log;
    private readonly string? database;
    private readonly HttpClient client;

    private Server(string name, Process process, string log, string? database, Uri address)
    {
        (Name, this.process, this.log, this.database) = (name, process, log, database);
        client = NewClient(address);
        // Whatever ends this program must end the servers.
        AppDomain.CurrentDomain.ProcessExit += Kill;
    }

    /// <summary>The folder in which both servers are published: <c>deploy/publish.sh</c>.</summary>
    public static string Published { get; set; } = "";

    public string Name { get; }

    public Uri Address => client.BaseAddress!;

    /// <summary>How long it took from the start of the process to the first response.</summary>
    public TimeSpan StartTime { get; private init; }

    /// <summary>The end of what it has logged.</summary>
    public string Log => string.Join('\n', File.ReadLines(log).TakeLast(40));

    /// <summary>Resident memory in megabytes.</summary>
    public int Memory => Machine.Memory(process.Id, "VmRSS");

    /// <summary>Resident memory without mapped files, in megabytes: the system can reclaim those.</summary>
    public int OwnMemory => Machine.Memory(process.Id, "RssAnon");

    /// <summary>An address on this machine at which nothing listens yet.</summary>
    public static Uri NewAddress() => new($"http://127.0.0.1:{FreePort()}");

    /// <summary>One of the product's servers.</summary>
    /// <param name="program">Its file in the folder <see cref="Published"/>.</param>
    /// <param name="folder">Where its log is written.</param>
    /// <param name="database">The name of its PostgreSQL database; null for SQLite.</param>
    /// <param name="address">Where it listens; null at any address.</param>
    /// <param name="settings">Its settings, as <c>Name=value</c>.</param>
    public static Task<Server> Start(
        string program, string folder, string? database, Uri? address, params string[] settings) => Start(
        Path.GetFileName(program), ["dotnet", Path.Combine(Published, program)], folder, database,
        address ?? NewAddress(), settings);

    /// <summary>A floor.</summary>
    public static Task<Server> StartFloor(string kind, string folder, string? database, params string[] settings) =>
        Start(kind, [Environment.ProcessPath!, "serve", kind], folder, database, NewAddress(), settings);

    private static async Task<Server> Start(
        string name, string[] command, string folder, string? database, Uri address, string[] settings)
    {
        var log = Path.Combine(folder, $"{name}.{address.Port}.log");
        var start = new ProcessStartInfo("sh", ["-c", "exec \"$@\" >\"$0\" 2>&1", log, .. command])
        {
            WorkingDirectory = folder,
            Environment =
            {
                ["Urls"] = address.ToString(),
                ["Logging__LogLevel__Default"] = "Warning",
                // The servers call each other on this machine, not through an outbound proxy.
                ["NO_PROXY"] = "localhost,127.0.0.1",
            },
        };
        foreach (var setting in settings)
            start.Environment[setting[..setting.IndexOf('=')]] = setting[(setting.IndexOf('=') + 1)..];
        var begin = Stopwatch.GetTimestamp();
        var process = Process.Start(start)!;
        using var probe = NewClient(address);
        while (!await IsReady(probe))
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(begin) > longestStart)
                throw new InvalidOperationException($"{name} did not start:\n{await File.ReadAllTextAsync(log)}");
            await Task.Delay(10);
        }
        return new(name, process, log, database, address) { StartTime = Stopwatch.GetElapsedTime(begin) };
    }

    /// <summary>CPU time since the start.</summary>
    public Cpu Spent()
    {
        var (connections, background) = database is null ? default : Machine.CpuOfPostgres(database);
        return new(Machine.CpuOf(process.Id), connections, background);
    }

    /// <summary>The body of a successful response.</summary>
    public async Task<byte[]> Send(HttpRequestMessage request)
    {
        using var answer = await Answer(request);
        var body = await answer.Content.ReadAsByteArrayAsync();
        return answer.IsSuccessStatusCode
            ? body
            : throw new InvalidOperationException(
                $"{Name} answered {answer}\n{Encoding.UTF8.GetString(body)}\n{Log}");
    }

    public async Task<HttpResponseMessage> Answer(HttpRequestMessage request)
    {
        using (request)
            return await client.SendAsync(request);
    }

    public async ValueTask DisposeAsync()
    {
        AppDomain.CurrentDomain.ProcessExit -= Kill;
        client.Dispose();
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private void Kill(object? sender, EventArgs exit) => process.Kill();

    private static async Task<bool> IsReady(HttpClient probe)
    {
        try
        {
            using var answer = await probe.GetAsync(new Uri("/health/ready", UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static HttpClient NewClient(Uri address) =>
        new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false })
        {
            BaseAddress = address,
        };

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>CPU time of a server, of its database connections, and of PostgreSQL's background processes.</summary>
internal readonly record struct Cpu(TimeSpan Server, TimeSpan Database, TimeSpan Background)
{
    public TimeSpan All => Server + Database + Background;

    public static Cpu operator -(Cpu after, Cpu before) => new(
        after.Server - before.Server, after.Database - before.Database, after.Background - before.Background);
}
