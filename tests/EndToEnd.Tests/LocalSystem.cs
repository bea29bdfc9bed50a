using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using SciLeads.Tests;

namespace EndToEnd.Tests;

/// <summary>
/// The product as <c>deploy/local.sh</c> runs it: two processes with their own folder and ports, on SQLite or, with
/// <c>TEST_DATABASE=postgres</c>, on PostgreSQL.
/// </summary>
internal sealed class LocalSystem : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly (int Auth, int Scim) ports = FreePorts();
    private readonly string[] databases = TestPostgres.IsWanted
        ? [$"ConnectionStrings__Auth={TestPostgres.NewDatabase()}", $"ConnectionStrings__Scim={TestPostgres.NewDatabase()}"]
        : [];

    // The folder that deploy/publish.sh has published into, if the tests are told so: published servers start faster.
    private readonly string? published = Environment.GetEnvironmentVariable("TEST_SERVERS");
    private Dictionary<string, string> variables = [];

    public string Data => folder.Path;

    /// <summary>Whether <c>local.sh</c> builds the servers, as it does for a developer.</summary>
    public bool IsBuilt { get; set; }

    /// <summary>Additional environment variables of the servers, as <c>NAME=value</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>The output of the last start.</summary>
    public string Output { get; private set; } = "";

    public string AuthUrl => this["AUTH_URL"];

    public string ScimBaseUrl => this["SCIM_BASE_URL"];

    /// <summary>A variable of <c>local.env</c>.</summary>
    public string this[string name] => variables[name];

    public int AuthPort => ports.Auth;

    public int ScimPort => ports.Scim;

    /// <summary>The options of <c>local.sh</c> for the folder and ports of this system.</summary>
    public string[] Place =>
    [
        .. published is null || IsBuilt ? [] : new[] { "--servers", published },
        "--data", Data,
        "--auth-port", ports.Auth.ToString(CultureInfo.InvariantCulture),
        "--scim-port", ports.Scim.ToString(CultureInfo.InvariantCulture),
    ];

    public static Task<LocalSystem> StartNew(params string[] options) => StartNew(new LocalSystem(), options);

    public static async Task<LocalSystem> StartNew(LocalSystem system, params string[] options)
    {
        try
        {
            await system.Start(options);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public async Task Start(params string[] options)
    {
        var started = await Script.Run(
            "env", [.. databases, .. Settings, Script.LocalSh, .. Place, "--background", .. options]);
        if (started.ExitCode != 0)
            throw new InvalidOperationException($"local.sh: {started}");
        Output = started.Output;
        ReadVariables();
    }

    public async Task Stop()
    {
        var stopped = await Script.Run(Script.LocalSh, "--stop", "--data", Data);
        if (stopped.ExitCode != 0)
            throw new InvalidOperationException($"local.sh --stop: {stopped}");
    }

    public async Task Restart(params string[] options)
    {
        await Stop();
        await Start(options);
    }

    public void ReadVariables() => variables = File.ReadLines(Path.Combine(Data, "local.env"))
        .Select(line => line.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]);

    public int PidOf(string server) => int.Parse(
        File.ReadAllText(Path.Combine(Data, $"{server}.pid")), CultureInfo.InvariantCulture);

    /// <summary><c>kill -9</c>.</summary>
    public void Kill(string server)
    {
        using var process = System.Diagnostics.Process.GetProcessById(PidOf(server));
        process.Kill();
        process.WaitForExit();
    }

    /// <summary>Restarts a server that was killed, as before, and waits until it is ready.</summary>
    public async Task StartAgain(string server, int port)
    {
        var started = await Script.Run(
            "bash", "-c",
            "nohup \"$1\" </dev/null >>\"$2\" 2>&1 & echo $! >\"$3\"",
            "bash", Path.Combine(Data, server), Path.Combine(Data, "logs", $"{server}.log"),
            Path.Combine(Data, $"{server}.pid"));
        Assert.That(started.ExitCode, Is.Zero, started.ToString());
        using var http = new HttpClient();
        for (var waited = 0; ; waited++)
        {
            try
            {
                using var ready = await http.GetAsync(new Uri($"http://localhost:{port}/health/ready"));
                if (ready.IsSuccessStatusCode)
                    return;
            }
            catch (HttpRequestException) when (waited < 600)
            {
                // It is not listening yet.
            }
            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    /// <summary>Runs a command of <c>Auth.Server</c>, which must succeed, and returns its JSON.</summary>
    public async Task<JsonObject> Auth(params string[] command)
    {
        var ended = await Script.Run(this["AUTH_SERVER"], [.. command, "--json"]);
        Assert.That(ended.ExitCode, Is.Zero, ended.ToString());
        return JsonNode.Parse(ended.Output)!.AsObject();
    }

    /// <summary>A SCIM client that sends this <c>Authorization</c> header.</summary>
    public ScimClient Scim(string authorization) => new(ScimBaseUrl, authorization);

    public async ValueTask DisposeAsync()
    {
        await Stop();
        folder.Dispose();
    }

    private static (int, int) FreePorts()
    {
        using var first = new TcpListener(IPAddress.Loopback, 0);
        using var second = new TcpListener(IPAddress.Loopback, 0);
        first.Start();
        second.Start();
        return (((IPEndPoint)first.LocalEndpoint).Port, ((IPEndPoint)second.LocalEndpoint).Port);
    }
}
