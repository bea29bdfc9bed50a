using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Issuance;
using Auth.Server.Keys;
using Auth.Server.Tests;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SciLeads.Tests;
using Scim.Api.AuthServer;
using Shared.Contracts;

namespace Cluster.Tests.Interleavings;

/// <summary>
/// Both servers in this process, so that a test controls their clock: one authorization server and two nodes of
/// <c>Scim.Api</c>, on SQLite or, with <c>TEST_DATABASE=postgres</c>, on PostgreSQL.
/// </summary>
internal sealed class Servers : IAsyncDisposable
{
    private const string PublicUrl = "http://localhost:5001";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("interleavings-");
    private readonly List<WebApplication> scim = [];
    private ClientKey key = null!;
    private WebApplication auth = null!;
    private HttpClient http = null!;

    public MovableClock Clock { get; } = new();

    public IReadOnlyList<Uri> Scim => [.. scim.Select(AddressOf)];

    public static async Task<Servers> Start()
    {
        var servers = new Servers();
        servers.key = ClientKey.OpenOrCreate(servers.ClientKeyFile);
        servers.http = new(new SocketsHttpHandler { UseProxy = false });
        KeyCertificate.OpenOrCreate(Path.Combine(servers.folder.FullName, "keys.pfx")).Dispose();
        await servers.StartAuth();
        await servers.With<ResourceServers>(
            resources => resources.Add(Audiences.Scim, servers.key.PublicJwks(), default));
        var database = servers.NewDatabase("scim");
        for (var node = 0; node < 2; node++)
            await servers.StartScim(database);
        await servers.WaitForLeases();
        return servers;
    }

    public async Task<Guid> OpenAccount() => (await With<AccountRegister, Account>(accounts => accounts.Create(
        $"Customer {Guid.NewGuid():N}",
        new(ScimEnabled: true, RateLimit: 0, Licences: new Dictionary<string, int> { ["portal"] = 1_000_000 }),
        default))).Id;

    /// <summary>Uses a service of the authorization server, in a new scope.</summary>
    public async Task<T> With<TPart, T>(Func<TPart, Task<T>> act)
        where TPart : notnull
    {
        await using var scope = auth.Services.CreateAsyncScope();
        return await act(scope.ServiceProvider.GetRequiredService<TPart>());
    }

    public Task With<TPart>(Func<TPart, Task> act)
        where TPart : notnull => With<TPart, bool>(async part =>
        {
            await act(part);
            return true;
        });

    public Task<List<CredentialSet>> SetsOf(Guid account) =>
        With<CredentialHistory, List<CredentialSet>>(history => history.List(account, default));

    /// <summary>Whether introspection by a caller that is not a node of <c>Scim.Api</c> calls a token active.</summary>
    public async Task<bool> IsActive(string token)
    {
        using var form = new FormUrlEncodedContent(
        [
            new("token", token), new("client_id", Audiences.Scim),
            new("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            new("client_assertion", Assertion()),
        ]);
        using var response = await http.PostAsync(new Uri(AddressOf(auth), AuthServerPaths.Introspection), form);
        response.EnsureSuccessStatusCode();
        return JsonSerializer.Deserialize<TokenIntrospection>(await response.Content.ReadAsStringAsync())!.Active;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var node in scim)
        {
            await node.StopAsync();
            await node.DisposeAsync();
        }
        await auth.StopAsync();
        await auth.DisposeAsync();
        http.Dispose();
        key.Dispose();
        SqliteConnection.ClearAllPools();
        folder.Delete(recursive: true);
    }

    /// <summary>
    /// Waits until both nodes receive events. Before that they introspect each time, which other tests cover.
    /// </summary>
    private async Task WaitForLeases()
    {
        var account = await OpenAccount();
        for (Guid? replaced = null; ;)
        {
            var issued = await With<CredentialIssuer, IssuedCredentials>(issuer => issuer.Generate(
                new(account, replaced, CredentialMethods.DirectJwt, TestOperations.Actor()), default));
            if (issued.Set.Confirmation!.StartsWith("Confirmed by 2 of 2", StringComparison.Ordinal))
                return;
            replaced = issued.Set.Id;
            await Task.Delay(100);
        }
    }

    private string ClientKeyFile => Path.Combine(folder.FullName, "client-key.pem");

    private static Uri AddressOf(WebApplication app) =>
        new(app.Urls.First(url => url.StartsWith("http://127.", StringComparison.Ordinal)));

    private string NewDatabase(string name) => TestPostgres.IsWanted
        ? TestPostgres.NewDatabase()
        : $"Data Source={Path.Combine(folder.FullName, $"{name}.db")}";

    private void SetClock(WebApplicationBuilder builder) =>
        builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(Clock));

    private async Task StartAuth()
    {
        auth = Auth.Server.Program.Build(
            [
                "--Urls=http://127.0.0.1:0",
                $"--ConnectionStrings:Auth={NewDatabase("auth")}",
                $"--Auth:PublicUrl={PublicUrl}",
                "--Auth:ScimBaseUrl=http://localhost:5002/scim/v2",
                "--Auth:ScimApiUrl=http://127.0.0.1:9",
                $"--Auth:DataDirectory={Path.Combine(folder.FullName, "auth")}",
                $"--Auth:KeyCertificate={Path.Combine(folder.FullName, "keys.pfx")}",
                "--Logging:LogLevel:Default=Error",
            ],
            SetClock);
        await Auth.Server.Management.Preparation.Run(auth, migrate: true);
        await auth.StartAsync();
    }

    private async Task StartScim(string database)
    {
        var node = global::Scim.Api.Program.Build(
            [
                "--Urls=http://127.0.0.1:0",
                $"--ConnectionStrings:Scim={database}",
                "--Scim:BaseUrl=http://localhost:5002/scim/v2",
                "--Scim:MigrateAtStart=true",
                $"--AuthServer:Issuer={PublicUrl}",
                $"--AuthServer:Url={AddressOf(auth)}",
                $"--AuthServer:ClientKeyFile={ClientKeyFile}",
                "--Logging:LogLevel:Default=Error",
            ],
            SetClock);
        await node.StartAsync();
        scim.Add(node);
    }

    private string Assertion() => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(
        new SecurityTokenDescriptor
        {
            Issuer = Audiences.Scim,
            Audience = PublicUrl + "/",
            TokenType = "client-authentication+jwt",
            IssuedAt = Clock.GetUtcNow().UtcDateTime,
            // Others may advance the clock before the assertion arrives.
            Expires = Clock.GetUtcNow().UtcDateTime.AddMinutes(50),
            Claims = new Dictionary<string, object> { ["sub"] = Audiences.Scim, ["jti"] = $"{Guid.NewGuid()}" },
            SigningCredentials = key.SigningCredentials,
        });
}

/// <summary>The time of day can be advanced; the monotonic clock is real.</summary>
internal sealed class MovableClock : TimeProvider
{
    private long ahead;

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref ahead));

    public void Advance(TimeSpan by) => Interlocked.Add(ref ahead, by.Ticks);
}
