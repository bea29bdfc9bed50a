using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Benchmarks;

/// <summary>
/// A kind of request to a server, sent with <c>wrk</c> over connections that stay open, each request as soon as the
/// previous one is answered.
/// </summary>
/// <param name="Name">What the table calls it.</param>
/// <param name="Server">The server.</param>
/// <param name="Requests">The requests, sent one after another and over again.</param>
/// <param name="Connections">The number of connections.</param>
internal sealed record Load(string Name, Server Server, IReadOnlyList<Request> Requests, int Connections = Load.Many)
{
    /// <summary>The connections of most measurements.</summary>
    public const int Many = 16;

    private const int EnoughToCompile = 100;
    private static readonly TimeSpan longestWarmUp = TimeSpan.FromMinutes(1);

    private string? file;
    private long next;

    /// <summary>The number of the first request, for requests that contain their number.</summary>
    public long First { init => next = value; }

    /// <summary>What else happens during a measurement.</summary>
    public Func<CancellationToken, Task>? Meanwhile { get; init; }

    /// <summary>Sends requests for at least that time, until the server has compiled what they need.</summary>
    public async Task WarmUp(int seconds)
    {
        file ??= Write();
        var (requests, begin) = (0L, Stopwatch.GetTimestamp());
        while (requests < EnoughToCompile)
        {
            // A node that has no lease yet may refuse some.
            var result = await Wrk(seconds);
            requests += result.Requests - result.Refused;
            next += result.Sent;
            if (Stopwatch.GetElapsedTime(begin) > longestWarmUp)
                throw new InvalidOperationException(
                    $"{Name}: {requests} requests in {longestWarmUp}; the last were {result}.\n{Server.Log}");
        }
    }

    /// <summary>Sends requests for a number of seconds.</summary>
    /// <exception cref="InvalidOperationException">A request failed or was refused.</exception>
    public async Task<Run> Measure(int seconds)
    {
        file ??= Write();
        var (all, own, wrk) = (Machine.CpuOfAll(), Server.Spent(), Machine.CpuOfEndedChildren());
        using var end = new CancellationTokenSource();
        var meanwhile = Meanwhile?.Invoke(end.Token) ?? Task.CompletedTask;
        var result = Check(await Wrk(seconds));
        await end.CancelAsync();
        await meanwhile;
        var cost = Server.Spent() - own;
        var others = Machine.CpuOfAll() - all - cost.All - (Machine.CpuOfEndedChildren() - wrk);
        next += result.Sent;
        return new(
            Name,
            PerSecond: result.Requests / (result.Microseconds / 1e6),
            P50: result.P50 / 1000.0,
            P99: result.P99 / 1000.0,
            Cpu: cost.Server.TotalMicroseconds / result.Requests,
            DatabaseCpu: cost.Database.TotalMicroseconds / result.Requests,
            BackgroundCpu: cost.Background.TotalMicroseconds / result.Requests,
            Memory: Server.Memory,
            Refused: result.Refused,
            Others: Math.Max(0, others.TotalMicroseconds / result.Microseconds));
    }

    // On a machine without a free core, a node may lose its lease for a moment, and refuses the writes of that moment.
    private Result Check(Result result) =>
        result is { Requests: > 0, Failed: 0 } && result.Refused <= result.Requests / 50
        ? result
        : throw new InvalidOperationException(
            $"{Name}: of {result.Requests} requests, {result.Refused} were refused and {result.Failed} failed.\n"
            + Server.Log);

    private string Write()
    {
        var path = Path.GetTempFileName();
        File.WriteAllLines(path, Requests.Select(request => request.ToString()));
        return path;
    }

    private async Task<Result> Wrk(int seconds)
    {
        var start = new ProcessStartInfo(
            "wrk",
            [
                "--threads", "1", "--connections", $"{Connections}", "--timeout", "60s",
                "--duration", string.Create(CultureInfo.InvariantCulture, $"{seconds}s"),
                "--script", Path.Combine(AppContext.BaseDirectory, "load.lua"), Server.Address.ToString(),
                "--", file!, string.Create(CultureInfo.InvariantCulture, $"{next}"),
            ])
        {
            RedirectStandardOutput = true,
        };
        using var wrk = Process.Start(start)!;
        var output = await wrk.StandardOutput.ReadToEndAsync();
        await wrk.WaitForExitAsync();
        var json = output.Split('\n').LastOrDefault(line => line.StartsWith('{'))
            ?? throw new InvalidOperationException($"wrk failed:\n{output}");
        return JsonSerializer.Deserialize<Result>(json, JsonSerializerOptions.Web)!;
    }

    private sealed record Result(
        long Microseconds, long Requests, long Sent, long P50, long P99, long Refused, long Failed);
}

/// <summary>A request as a line of the load generator's file.</summary>
internal sealed record Request(string Method, string Path, string? Token = null)
{
    public string? ContentType { get; init; }

    public string Body { get; init; } = "";

    public HttpRequestMessage ToMessage()
    {
        var message = new HttpRequestMessage(new HttpMethod(Method), new Uri(Path, UriKind.Relative));
        if (Token is not null)
            message.Headers.Authorization = new("Bearer", Token);
        if (ContentType is not null)
            message.Content = new StringContent(Body, Encoding.UTF8, ContentType);
        return message;
    }

    /// <summary>Stands for the number of the request: the load generator replaces it with nine digits.</summary>
    public const string Number = "@NUMBER@@";

    public override string ToString() => string.Join(
        '\t', Method, Path, Token is null ? "" : $"Bearer {Token}", ContentType, Body.ReplaceLineEndings(""));
}

/// <summary>What one run of a <see cref="Load"/> measured.</summary>
/// <param name="Name">The load.</param>
/// <param name="PerSecond">Requests per second.</param>
/// <param name="P50">The median latency in milliseconds.</param>
/// <param name="P99">The latency in milliseconds of which 1 % of the requests took longer.</param>
/// <param name="Cpu">The server's CPU time per request, in microseconds.</param>
/// <param name="DatabaseCpu">That of PostgreSQL's processes that serve the server's connections.</param>
/// <param name="BackgroundCpu">That of PostgreSQL's other processes, such as the WAL writer.</param>
/// <param name="Memory">The server's resident memory after the run, in megabytes.</param>
/// <param name="Refused">How many requests were refused.</param>
/// <param name="Others">CPU seconds per second that all other processes of the machine used meanwhile.</param>
internal sealed record Run(
    string Name, double PerSecond, double P50, double P99, double Cpu, double DatabaseCpu, double BackgroundCpu,
    int Memory, long Refused, double Others)
{
    /// <summary>CPU time per request of server and database, in microseconds.</summary>
    public double AllCpu => Cpu + DatabaseCpu;
}
