using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using SciLeads.Tests;
using Scim.Api.AuthServer;
using Scim.Api.Data;
using Scim.Api.Revocation;

namespace Scim.Api.Tests;

/// <summary>
/// The real server on Kestrel, with its own port and SQLite file, and with a <see cref="TestAuthServer"/>. Tests
/// that share one use separate <see cref="TestAccount"/>s.
/// </summary>
internal sealed class ScimServer : IAsyncDisposable
{
    // Copying an empty database with its tables is faster than migrating each one.
    private static readonly Lazy<string> template = new(() =>
    {
        var file = FileIn(Directory.CreateTempSubdirectory("template-").FullName);
        using var db = Storage.Open(
            new() { Scim = $"{ConnectionTo(file)};Pooling=False" }, connection: null, NullLoggerFactory.Instance);
        db.Database.Migrate();
        return file;
    });

    private readonly WebApplication app;
    private readonly bool ownsAuthServer;
    private readonly bool ownsFolder;

    private ScimServer(
        WebApplication app,
        TestAuthServer authServer,
        CapturedLogs logs,
        string folder,
        bool ownsAuthServer,
        bool ownsFolder)
    {
        (this.app, this.ownsAuthServer, this.ownsFolder) = (app, ownsAuthServer, ownsFolder);
        (AuthServer, Logs, Folder) = (authServer, logs, folder);
    }

    public TestAuthServer AuthServer { get; }

    public CapturedLogs Logs { get; }

    /// <summary>The folder of the database and the client key. Passed to another start, it is a restart.</summary>
    public string Folder { get; }

    public IServiceProvider Services => app.Services;

    public string Url => app.Urls.Single();

    /// <summary>The connection string of its database.</summary>
    public string Database => Services.GetRequiredService<IOptions<DatabaseOptions>>().Value.Scim;

    public bool HasLease => Services.GetRequiredService<Lease>().IsLive;

    /// <summary>
    /// Starts a server; <paramref name="settings"/> are <c>Section:Name=value</c>. Its <see cref="Logs"/> hold what is
    /// logged in production or, with <paramref name="logsEverything"/>, at every level.
    /// </summary>
    public static async Task<ScimServer> Start(
        string[]? settings = null,
        Action<WebApplication>? map = null,
        TimeProvider? time = null,
        TestAuthServer? authServer = null,
        string? folder = null,
        bool logsEverything = false)
    {
        var ownsFolder = folder is null;
        folder ??= Directory.CreateTempSubdirectory("scim-").FullName;
        var auth = authServer ?? new TestAuthServer();
        var logs = new CapturedLogs();
        var keyFile = Path.Combine(folder, "client-key.pem");
        ClientKey.OpenOrCreate(keyFile).Dispose();
        var hasTables = settings?.Contains("Scim:MigrateAtStart=false") != true;

        string[] usual =
        [
            "Urls=http://127.0.0.1:0",
            $"ConnectionStrings:Scim={DatabaseIn(folder, hasTables)}",
            "Scim:BaseUrl=http://localhost:5002/scim/v2",
            "Scim:MigrateAtStart=true",
            $"AuthServer:Issuer={auth.Url}",
            $"AuthServer:Url={auth.Url}",
            $"AuthServer:ClientKeyFile={keyFile}",
            // So that a busy build machine is not taken for an outage.
            "Introspection:AttemptTimeout=00:00:20",
            "Introspection:TotalTimeout=00:00:50",
            "Introspection:PollTimeout=00:00:50",
            // Changes of a test take effect with the next request, without an event.
            "Introspection:CacheFor=00:00:00",
        ];
        var app = Program.Build(
            [.. usual.Concat(settings ?? []).Select(setting => "--" + setting)],
            builder =>
            {
                // As in production: to describe each statement of Entity Framework takes a tenth of the time.
                builder.Logging.ClearProviders().AddProvider(logs);
                if (logsEverything)
                    builder.Logging.SetMinimumLevel(LogLevel.Trace).AddFilter<CapturedLogs>(null, LogLevel.Trace);
                if (time is not null)
                    builder.Services.Replace(ServiceDescriptor.Singleton(time));
            });
        var server = new ScimServer(app, auth, logs, folder, authServer is null, ownsFolder);
        try
        {
            map?.Invoke(app);
            await app.StartAsync();
            while (auth.Events is not null && !server.HasLease)
                await Task.Delay(5);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The database that belongs to a folder: its name is remembered there for a restart.</summary>
    private static string DatabaseIn(string folder, bool hasTables)
    {
        if (!TestPostgres.IsWanted)
        {
            var file = FileIn(folder);
            if (hasTables && !File.Exists(file))
                File.Copy(template.Value, file);
            return ConnectionTo(file);
        }
        var note = Path.Combine(folder, "database");
        if (!File.Exists(note))
            File.WriteAllText(note, hasTables ? TestPostgres.NewDatabase(Migrate) : TestPostgres.NewDatabase());
        return File.ReadAllText(note);
    }

    private static string FileIn(string folder) => Path.Combine(folder, "scim.db");

    private static string ConnectionTo(string file) => $"Data Source={file}";

    private static void Migrate(string connection)
    {
        using var db = new PostgresScimDbContext(
            new DbContextOptionsBuilder<PostgresScimDbContext>().UseNpgsql(connection).Options);
        db.Database.Migrate();
    }

    /// <summary>A client with this Authorization header, if any, and the server's address.</summary>
    public HttpClient ClientWith(string? authorization)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false })
        {
            BaseAddress = new Uri(Url),
        };
        if (authorization is not null)
            client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", authorization);
        return client;
    }

    /// <summary>An identity provider of the account: addresses are relative to <c>/scim/v2/</c>.</summary>
    public HttpClient ClientOf(TestAccount account)
    {
        var client = ClientWith("Bearer " + AuthServer.IssueToken(account));
        client.BaseAddress = new Uri(Url + "/scim/v2/");
        client.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/scim+json"));
        return client;
    }

    /// <summary>The portal, for an administrator of the account: addresses are relative to <c>/portal/</c>.</summary>
    public HttpClient PortalOf(TestAccount account)
    {
        var client = ClientWith("Bearer " + AuthServer.IssuePortalToken(account));
        client.BaseAddress = new Uri(Url + "/portal/");
        return client;
    }

    /// <summary>Stops the server, but keeps its folder and the authorization server for the next one.</summary>
    public async Task Stop()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        if (!TestPostgres.IsWanted)
            TestSqlite.ClearPool(ConnectionTo(FileIn(Folder)));
        if (ownsAuthServer)
            AuthServer.Dispose();
        if (ownsFolder)
            Directory.Delete(Folder, recursive: true);
    }
}
