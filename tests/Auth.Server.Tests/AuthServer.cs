using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Issuance;
using Auth.Server.Keys;
using Auth.Server.Management;
using Auth.Server.Messages;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Identity;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Time.Testing;
using SciLeads.Tests;
using Shared.Contracts;

namespace Auth.Server.Tests;

/// <summary>
/// The real server on a free port and a new SQLite database, with a clock that stands still until a test moves it. All
/// settings of <c>Auth.Server</c> may be given, as <c>--Auth:AccessTokenLifetime=00:05:00</c>; without
/// <c>--Auth:ScimApiUrl</c> there is no <c>Scim.Api</c>.
/// </summary>
internal sealed class AuthServer : IAsyncDisposable
{
    public const string Password = "Correct-Horse-Battery-7";

    private static readonly Lazy<string> keys = new(() =>
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("keys-").FullName, "keys.pfx");
        using var certificate = KeyCertificate.OpenOrCreate(file);
        return file;
    });

    // Copying an empty database with its tables and keys is faster than creating them each time.
    private static readonly Lazy<string> template = new(() =>
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("template-").FullName, "auth.db");
        Prepare($"Data Source={file};Pooling=False");
        return file;
    });

    // What MVC reads of the pages' types by reflection, which takes a third of a start.
    private static IModelMetadataProvider? pageMetadata;

    private readonly DirectoryInfo folder;
    private readonly string database;
    private readonly WebApplication app;
    private bool handedOver;

    private AuthServer(DirectoryInfo folder, string database, WebApplication app, FakeTimeProvider time)
    {
        this.folder = folder;
        this.database = database;
        this.app = app;
        Time = time;
    }

    /// <summary>The issuer. Nothing listens there; requests go to <see cref="Address"/>.</summary>
    public static Uri PublicUrl { get; } = new("http://localhost:5001");

    public static Uri ScimBaseUrl { get; } = new("http://localhost:5002/scim/v2");

    public FakeTimeProvider Time { get; }

    public IServiceProvider Services => app.Services;

    public string DataDirectory => Path.Combine(folder.FullName, "data");

    /// <summary>The connection string of its database.</summary>
    public string ConnectionString => database;

    /// <summary>The address on which the server listens.</summary>
    public Uri Address { get; private set; } = null!;

    public static async Task<AuthServer> Start(params string[] settings)
    {
        var folder = NewFolder();
        var database = TestPostgres.IsWanted
            ? TestPostgres.NewDatabase(Prepare)
            : CopyOfTemplate(Path.Combine(folder.FullName, "auth.db"));
        return await Start(folder, database, settings);
    }

    /// <summary>Starts a server on an empty database, in which it creates its own tables and keys.</summary>
    public static Task<AuthServer> StartEmpty(params string[] settings)
    {
        var folder = NewFolder();
        var database = TestPostgres.IsWanted
            ? TestPostgres.NewDatabase()
            : $"Data Source={Path.Combine(folder.FullName, "auth.db")}";
        return Start(folder, database, settings);
    }

    /// <summary>Starts another node on the same database, with the time of this one.</summary>
    public Task<AuthServer> StartNode(params string[] settings) =>
        Start(NewFolder(), database, settings, Time.GetUtcNow());

    private static string CopyOfTemplate(string file)
    {
        File.Copy(template.Value, file);
        return $"Data Source={file}";
    }

    /// <summary>Creates the tables and the first keys, as the first start does.</summary>
    private static void Prepare(string connection)
    {
        var folder = NewFolder();
        var app = Build(folder, connection, [], TimeProvider.System);
        Preparation.Run(app, migrate: true).GetAwaiter().GetResult();
        app.DisposeAsync().AsTask().GetAwaiter().GetResult();
        folder.Delete(recursive: true);
    }

    // Creating a certificate takes half a second, so all servers share one.
    private static DirectoryInfo NewFolder()
    {
        var folder = Directory.CreateTempSubdirectory("auth-");
        folder.CreateSubdirectory("data");
        File.Copy(keys.Value, Path.Combine(folder.FullName, "data", "keys.pfx"));
        return folder;
    }

    /// <summary>Prepares the database as a start does.</summary>
    public Task PrepareAgain(bool migrate) => Preparation.Run(app, migrate);

    /// <summary>Stops this server and starts another on its folder, with the same time.</summary>
    public async Task<AuthServer> Restart(params string[] settings)
    {
        handedOver = true;
        await DisposeAsync();
        return await Start(folder, database, settings, Time.GetUtcNow());
    }

    private static async Task<AuthServer> Start(
        DirectoryInfo folder, string database, string[] settings, DateTimeOffset? start = null)
    {
        // Whole seconds, as tokens have them.
        var time = new Clock(start ?? DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds()));
        var app = Build(folder, database, settings, time);
        var server = new AuthServer(folder, database, app, time);
        await Preparation.Run(app, migrate: true);
        await app.StartAsync();
        server.Address = new(app.Urls.First(url => url.StartsWith("http://127.", StringComparison.Ordinal)));
        return server;
    }

    private static WebApplication Build(
        DirectoryInfo folder, string database, string[] settings, TimeProvider time)
    {
        var app = Program.Build(
            [
                "--Urls=http://127.0.0.1:0",
                $"--ConnectionStrings:Auth={database}",
                $"--Auth:PublicUrl={PublicUrl}",
                $"--Auth:ScimBaseUrl={ScimBaseUrl}",
                // Port 9 is "discard": refused at once.
                "--Auth:ScimApiUrl=http://127.0.0.1:9",
                $"--Auth:DataDirectory={Path.Combine(folder.FullName, "data")}",
                // Tests of keys refresh them explicitly.
                "--Auth:Keys:LookEvery=00:05:00",
                "--Logging:LogLevel:Default=Warning",
                .. settings,
            ],
            builder =>
            {
                builder.Services.Replace(ServiceDescriptor.Singleton(time));
                // Hashing a password intentionally takes a tenth of a second.
                builder.Services.Configure<PasswordHasherOptions>(hasher => hasher.IterationCount = 1);
                // Tests of messages deliver them explicitly.
                Type[] watches = [typeof(MailWatch), typeof(WebhookWatch), typeof(ForgottenPasswordWatch)];
                foreach (var watch in builder.Services.Where(one => watches.Contains(one.ImplementationType)).ToList())
                    builder.Services.Remove(watch);
                if (pageMetadata is { } known)
                    builder.Services.Replace(ServiceDescriptor.Singleton(known));
            });
        pageMetadata ??= app.Services.GetRequiredService<IModelMetadataProvider>();
        return app;
    }

    /// <summary>A client that keeps cookies and follows no redirect.</summary>
    public HttpClient CreateClient()
    {
        // Disposed of by the client that receives it.
#pragma warning disable CA2000
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
#pragma warning restore CA2000
        return new(handler) { BaseAddress = Address };
    }

    /// <summary>Uses a service of the server, in its own scope.</summary>
    public async Task<T> With<TPart, T>(Func<TPart, Task<T>> act)
        where TPart : notnull
    {
        await using var scope = Services.CreateAsyncScope();
        return await act(scope.ServiceProvider.GetRequiredService<TPart>());
    }

    public Task<T> WithDatabase<T>(Func<AuthDbContext, Task<T>> act) => With(act);

    /// <summary>Creates an account, by default with SCIM enabled and 100 seats of <c>portal</c>.</summary>
    public Task<Account> CreateAccount(string name = "Demo", AccountChange? settings = null) =>
        With<AccountRegister, Account>(accounts => accounts.Create(
            name,
            settings ?? new(ScimEnabled: true, Licences: new Dictionary<string, int> { ["portal"] = 100 }),
            CancellationToken.None));

    /// <summary>Creates an administrator who signs in with <see cref="Password"/>.</summary>
    public Task<Administrator> CreateAdministrator(
        Account account, string email = "ada@example.com", bool readOnly = false) =>
        With<AdministratorRegister, Administrator>(
            register => register.Create(
                account.Id, email, Password, readOnly, Auth.Server.Audit.Actor.Server, CancellationToken.None));

    public Task<CredentialSet?> FindActive(Account account) =>
        With<CredentialHistory, CredentialSet?>(history => history.FindActive(account.Id, CancellationToken.None));

    /// <summary>Replaces the active credential set.</summary>
    public async Task<IssuedCredentials> Generate(
        Account account, string method = CredentialMethods.DirectJwt, params string[] redirectUris)
    {
        var active = (await FindActive(account))?.Id;
        return await With<CredentialIssuer, IssuedCredentials>(issuer => issuer.Generate(
            new(account.Id, active, method, TestOperations.Actor(), RedirectUris: redirectUris),
            CancellationToken.None));
    }

    /// <summary>Saves when credentials were last used and refused, as the server does every few seconds.</summary>
    public Task WriteUses() => Services.GetRequiredService<CredentialUses>().Write(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        if (!TestPostgres.IsWanted)
            TestSqlite.ClearPool(database);
        if (!handedOver)
            folder.Delete(recursive: true);
    }

    /// <summary>
    /// A clock that stands still, except for timers and intervals: a server that waits for
    /// another does so in real time.
    /// </summary>
    private sealed class Clock(DateTimeOffset start) : FakeTimeProvider(start)
    {
        public override long TimestampFrequency => System.TimestampFrequency;

        public override long GetTimestamp() => System.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            System.CreateTimer(callback, state, dueTime, period);
    }
}
