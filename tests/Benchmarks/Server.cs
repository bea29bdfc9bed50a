using System.Diagnostics;
using System.Globalization;
using System.Text;
using Benchmarks.Tokens;

namespace Benchmarks;

/// <summary>
/// A server as a separate process: this program with the command <c>serve</c>. Each line of its input is a server to
/// run: its kind (see <see cref="Host"/>), connection string and folder. It runs until its input is closed, so that it
/// never outlives the process that started it.
/// </summary>
internal sealed class Server : IAsyncDisposable
{
    private const int Connections = 4;
    private static long peakMemory;

    private readonly Process process;
    private readonly bool isGuest;
    private readonly Func<Task<TimeSpan>> databaseTime;
    private readonly HttpClient client;

    private Server(Process process, bool isGuest, Func<Task<TimeSpan>> databaseTime, Uri address)
    {
        (this.process, this.isGuest, this.databaseTime) = (process, isGuest, databaseTime);
        // The client disposes of it.
#pragma warning disable CA2000
        var handler = new SocketsHttpHandler
        {
            UseProxy = false, UseCookies = false, MaxConnectionsPerServer = Connections,
        };
#pragma warning restore CA2000
        client = new(handler) { BaseAddress = address };
    }

    public static Task<Server> Start(string kind, Database database) =>
        Start(kind, database.Connection, database.Folder, database.CpuTime);

    /// <param name="kind">One of the kinds of <see cref="Host"/>.</param>
    /// <param name="connection">The connection string of its database.</param>
    /// <param name="folder">Where its files are.</param>
    /// <param name="databaseTime">The CPU time of the database's own processes.</param>
    public static async Task<Server> Start(
        string kind, string connection, string folder, Func<Task<TimeSpan>> databaseTime)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["serve"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start)!;
        return new(process, isGuest: false, databaseTime, await Ask(process, kind, connection, folder));
    }

    /// <summary>
    /// Another server in the same process, disposed of before it. Both then run the same compiled code; in two
    /// processes, the compiler would optimize each for what it happened to run first.
    /// </summary>
    public async Task<Server> Beside(string kind, Database database) => new(
        process,
        isGuest: true,
        database.CpuTime,
        await Ask(process, kind, database.Connection, database.Folder));

    /// <summary>Runs the servers in the lines of the input, in this process.</summary>
    public static async Task Serve()
    {
        var apps = new List<WebApplication>();
        // The system can reclaim the memory of files that SQLite maps, so it is subtracted and the peak is sampled.
        await using var sampling = new Timer(
            _ => peakMemory = Math.Max(peakMemory, OwnMemory()), null, TimeSpan.Zero, TimeSpan.FromMilliseconds(10));
        while (await Console.In.ReadLineAsync() is { } line)
        {
            var wanted = line.Split('\t');
            apps.Add(await Host(wanted[0], wanted[1], wanted[2]));
        }
        foreach (var app in apps)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }
    }

    private static long OwnMemory()
    {
        const string Label = "RssAnon:";
        var line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(Label, StringComparison.Ordinal));
        return 1024 * long.Parse(
            line[Label.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    private static async Task<Uri> Ask(Process process, string kind, string connection, string folder)
    {
        await process.StandardInput.WriteLineAsync($"{kind}\t{connection}\t{folder}");
        return await process.StandardOutput.ReadLineAsync() is ['h', 't', 't', 'p', ..] address
            ? new(address)
            : throw new InvalidOperationException($"The server {kind} did not start.");
    }

    private static async Task<WebApplication> Host(string kind, string connection, string folder)
    {
        var app = kind switch
        {
            "scim" => ScimHost.Build(connection, folder),
            "scim-with-tokens" => ScimHost.BuildWithTokenCheck(connection, folder),
            "bare" => BareHost.Build(connection),
            "scim-node" => ScimHost.BuildNode(connection, folder),
            "auth" => AuthHost.Build(connection, folder, Rotation.Data),
            "other-auth" => AuthHost.Build(connection, folder, "other-data"),
            "bare-auth" => BareAuthHost.Build(connection, folder),
            _ => throw new ArgumentException($"There is no server {kind}.", nameof(kind)),
        };
        if (kind is "auth" or "other-auth")
            await Auth.Server.Management.Preparation.Run(app, migrate: false);
        app.MapGet("/spent", () => string.Create(
            CultureInfo.InvariantCulture,
            $"{Environment.CpuUsage.TotalTime.Ticks} {GC.GetTotalAllocatedBytes(precise: true)}"));
        app.MapGet("/memory", () => string.Create(
            CultureInfo.InvariantCulture, $"{Volatile.Read(ref peakMemory)}"));
        await app.StartAsync();
        Console.WriteLine(app.Urls.First(url => url.StartsWith("http://127.", StringComparison.Ordinal)));
        return app;
    }

    public Uri Address => client.BaseAddress!;

    /// <summary>Sends requests over connections that stay open, each as soon as the previous one is answered.</summary>
    public async Task<Cost> Send(int requests, Func<HttpRequestMessage> next)
    {
        var before = await Spent();
        var left = requests;
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await Send(next());
        }));
        return (await Spent() - before) / requests;
    }

    public async Task<byte[]> Send(HttpRequestMessage request)
    {
        using (request)
        {
            using var answer = await client.SendAsync(request);
            var body = await answer.Content.ReadAsByteArrayAsync();
            return answer.IsSuccessStatusCode
                ? body
                : throw new InvalidOperationException($"{request}\n{answer}\n{Encoding.UTF8.GetString(body)}");
        }
    }

    /// <summary>The cost of server and database since they started.</summary>
    public async Task<Cost> Spent()
    {
        var spent = (await client.GetStringAsync(new Uri("/spent", UriKind.Relative))).Split(' ')
            .Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray();
        return new(spent[0] / TimeSpan.TicksPerMicrosecond, (await databaseTime()).TotalMicroseconds, spent[1]);
    }

    /// <summary>The peak of the process's own memory, in megabytes.</summary>
    public async Task<long> PeakMemory() => long.Parse(
        await client.GetStringAsync(new Uri("/memory", UriKind.Relative)), CultureInfo.InvariantCulture) / 1_000_000;

    /// <summary>
    /// Sends a request many times concurrently, each over a separate connection. Returns the statuses of the responses,
    /// whose bodies are read and discarded.
    /// </summary>
    public async Task<IReadOnlyList<int>> SendAtOnce(int requests, Func<HttpRequestMessage> next)
    {
        using var crowd = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false })
        {
            BaseAddress = client.BaseAddress,
        };
        return await Task.WhenAll(Enumerable.Range(0, requests).Select(async _ =>
        {
            using var request = next();
            using var answer = await crowd.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            await answer.Content.CopyToAsync(Stream.Null);
            return (int)answer.StatusCode;
        }));
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        if (isGuest)
            return;
        process.StandardInput.Close();
        await process.WaitForExitAsync();
        process.Dispose();
    }
}

/// <summary>CPU time in microseconds, of the server and of the database's own processes, and allocated bytes.</summary>
internal sealed record Cost(double Cpu, double DatabaseCpu, double Bytes)
{
    public double AllCpu => Cpu + DatabaseCpu;

    public static Cost operator +(Cost one, Cost other) =>
        new(one.Cpu + other.Cpu, one.DatabaseCpu + other.DatabaseCpu, one.Bytes + other.Bytes);

    public static Cost operator -(Cost after, Cost before) =>
        new(after.Cpu - before.Cpu, after.DatabaseCpu - before.DatabaseCpu, after.Bytes - before.Bytes);

    public static Cost operator /(Cost sum, int count) =>
        new(sum.Cpu / count, sum.DatabaseCpu / count, sum.Bytes / count);

    /// <summary>The median of each number.</summary>
    public static Cost Median(IReadOnlyCollection<Cost> costs) => new(
        Median(costs.Select(cost => cost.Cpu)),
        Median(costs.Select(cost => cost.DatabaseCpu)),
        Median(costs.Select(cost => cost.Bytes)));

    public static double Median(IEnumerable<double> numbers)
    {
        var sorted = numbers.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
