using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Issuance;
using Auth.Server.Keys;
using Auth.Server.Tests;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Scim.Api.AuthServer;
using Shared.Contracts;

namespace Benchmarks.Tokens;

/// <summary>
/// A database of Auth.Server whose accounts have a direct JWT each, or every second one an OAuth client.
/// </summary>
internal sealed class IssuedTokens : IAsyncDisposable
{
    /// <summary>The file with the public part of the signing key, for the bare API.</summary>
    public const string KeyFile = "signing-key.json";

    /// <summary>The file with the client key of Scim.Api.</summary>
    public const string ClientKeyFile = "client-key.pem";

    public const string PublicUrl = "http://localhost:5001/";

    public const string ScimBaseUrl = "http://localhost:5002/scim/v2";

    public const string AdministratorEmail = "ada@example.com";

    public const string AdministratorPassword = "Correct-Horse-Battery-7";

    /// <summary>More than any benchmark takes.</summary>
    private const int Seats = 10_000_000;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("benchmark-");
    private readonly ClientKey key;

    private IssuedTokens(bool postgres)
    {
        Connection = postgres
            ? Benchmarks.Database.NewPostgres()
            : $"Data Source={Path.Combine(folder.FullName, "auth.db")}";
        key = ClientKey.OpenOrCreate(Path.Combine(folder.FullName, ClientKeyFile));
    }

    public string Connection { get; }

    /// <summary>The name of the PostgreSQL database; null for SQLite.</summary>
    public string? Database => Connection.StartsWith("Data Source=", StringComparison.Ordinal)
        ? null
        : new Npgsql.NpgsqlConnectionStringBuilder(Connection).Database;

    public string Folder => folder.FullName;

    /// <summary>The direct JWTs.</summary>
    public List<string> Jwts { get; } = [];

    /// <summary>The accounts of the tokens.</summary>
    public List<Guid> Accounts { get; } = [];

    public List<(string Id, string Secret)> Clients { get; } = [];

    /// <summary>The assertion with which Scim.Api introspects (RFC 7523 §2.2), valid for half an hour.</summary>
    public string Assertion { get; private set; } = "";

    public static async Task<IssuedTokens> Create(bool postgres, int accounts, bool withClients = true)
    {
        var issued = new IssuedTokens(postgres);
        await using var app = Auth.Server.Program.Build(
            [
                "--Logging:LogLevel:Default=Warning",
                .. issued.Settings().Select(setting => "--" + setting.Replace("__", ":", StringComparison.Ordinal)),
            ]);
        await Auth.Server.Management.Preparation.Run(app, migrate: true);
        await issued.Issue(app.Services, accounts, withClients);
        return issued;
    }

    /// <summary>Starts a node of the authorization server.</summary>
    /// <param name="data">The node's own subfolder, where it listens for commands.</param>
    /// <param name="scimApi">Where Scim.Api listens, for the portal; null if there is none.</param>
    public Task<Server> StartServer(string data = Rotation.Data, Uri? scimApi = null) => Server.Start(
        "auth-server/Auth.Server.dll", Folder, Database, address: null, Settings(data, scimApi));

    /// <summary>Starts a node of Scim.Api that trusts <paramref name="authority"/>.</summary>
    public Task<Server> StartScimApi(Server authority, Database users, Uri? address = null) => Server.Start(
        "scim-api/Scim.Api.dll",
        Folder,
        users.Name,
        address,
        $"ConnectionStrings__Scim={users.Connection}",
        $"Scim__BaseUrl={ScimBaseUrl}",
        $"AuthServer__Issuer={PublicUrl}",
        $"AuthServer__Url={authority.Address}",
        $"AuthServer__ClientKeyFile={Path.Combine(Folder, ClientKeyFile)}");

    private string[] Settings(string data = Rotation.Data, Uri? scimApi = null) =>
    [
        $"ConnectionStrings__Auth={Connection}",
        $"Auth__PublicUrl={PublicUrl}",
        $"Auth__ScimBaseUrl={ScimBaseUrl}",
        "Auth__Limits__RequestsPerClient=1000000",
        $"Auth__ScimApiUrl={scimApi ?? new("http://127.0.0.1:9")}",
        $"Auth__DataDirectory={Path.Combine(Folder, data)}",
        $"Auth__KeyCertificate={Path.Combine(Folder, "keys.pfx")}",
    ];

    public ValueTask DisposeAsync()
    {
        key.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Npgsql.NpgsqlConnection.ClearAllPools();
        folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task Issue(IServiceProvider services, int accounts, bool withClients)
    {
        for (var i = 0; i < accounts; i++)
        {
            await using var scope = services.CreateAsyncScope();
            var account = await scope.ServiceProvider.GetRequiredService<AccountRegister>().Create(
                $"Account {i}",
                new(
                    ScimEnabled: true,
                    RateLimit: 0,
                    Licences: new Dictionary<string, int> { [SeededUsers.Product] = Seats }),
                CancellationToken.None);
            var method = i % 2 == 0 || !withClients ? CredentialMethods.DirectJwt : CredentialMethods.OAuth2;
            var set = await scope.ServiceProvider.GetRequiredService<CredentialIssuer>().Generate(
                new(account.Id, null, method, TestOperations.Actor()), CancellationToken.None);
            if (set.Token is { } token)
            {
                Jwts.Add(token);
                Accounts.Add(account.Id);
            }
            else
            {
                Clients.Add((set.Set.ClientId!, set.ClientSecret!));
            }
        }

        await using var last = services.CreateAsyncScope();
        await last.ServiceProvider.GetRequiredService<AdministratorRegister>().Create(
            Accounts[0], AdministratorEmail, AdministratorPassword, readOnly: false, Actor.Server,
            CancellationToken.None);
        await last.ServiceProvider.GetRequiredService<ResourceServers>().Add(
            Audiences.Scim, key.PublicJwks(), CancellationToken.None);
        Assertion = Sign();
        await File.WriteAllTextAsync(Path.Combine(Folder, KeyFile), PublicSigningKey(services));
    }

    private string Sign() => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        TokenType = "client-authentication+jwt",
        Issuer = Audiences.Scim,
        Audience = PublicUrl,
        Expires = DateTime.UtcNow.AddMinutes(50),
        Claims = new Dictionary<string, object> { ["sub"] = Audiences.Scim, ["jti"] = Guid.NewGuid().ToString() },
        SigningCredentials = key.SigningCredentials,
    });

    private static string PublicSigningKey(IServiceProvider services)
    {
        var options = new OpenIddict.Server.OpenIddictServerOptions();
        services.GetRequiredService<KeyRing>().Configure(options);
        var signing = options.SigningCredentials.Select(credentials => credentials.Key).OfType<ECDsaSecurityKey>()
            .First();
        var point = signing.ECDsa.ExportParameters(false).Q;
        return JsonSerializer.Serialize(
            new { x = Convert.ToBase64String(point.X!), y = Convert.ToBase64String(point.Y!) });
    }
}
