using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Benchmarks.Tokens;

/// <summary>
/// The parts of an authorization server, in this process, that a SCIM server needs to have a lease and to admit
/// <see cref="Token"/>.
/// </summary>
internal sealed class Authority : IAsyncDisposable
{
    private const string AddressFile = "auth-server";

    private readonly WebApplication app;
    private readonly ECDsaSecurityKey key = new(ECDsa.Create(ECCurve.NamedCurves.nistP256)) { KeyId = "benchmark" };
    private int introspections;

    private Authority()
    {
        var builder = WebApplication.CreateBuilder(["--Urls=http://127.0.0.1:0"]);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        app = builder.Build();
        app.MapGet("/" + AuthServerPaths.Keys, () => new { keys = new[] { Published() } });
        app.MapPost("/" + AuthServerPaths.Token, () => new { access_token = "token", expires_in = 3600 });
        app.MapPost("/" + AuthServerPaths.Introspection, Introspect);
        app.MapPost("/" + AuthServerPaths.EventsPoll, Answer);
    }

    /// <summary>A token of the seeded users' account.</summary>
    public string Token { get; private set; } = "";

    /// <summary>The address of the authorization server, from a file in the folder.</summary>
    public static string AddressIn(string folder) => File.ReadAllText(Path.Combine(folder, AddressFile));

    /// <summary>Writes the address of an authorization server to a file in the folder.</summary>
    public static Task WriteAddress(string folder, string address) =>
        File.WriteAllTextAsync(Path.Combine(folder, AddressFile), address);

    public static async Task<Authority> Start(string folder)
    {
        var authority = new Authority();
        await authority.app.StartAsync();
        var address = authority.app.Urls.Single();
        authority.Token = authority.Issue(address);
        await WriteAddress(folder, address);
        return authority;
    }

    /// <summary>Requires that few requests were introspected; otherwise the cache was not measured.</summary>
    public void Check(int requests)
    {
        if (introspections > 10 + (requests / 100))
            throw new InvalidOperationException($"{introspections} introspections for {requests} requests.");
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private TokenIntrospection Introspect()
    {
        Interlocked.Increment(ref introspections);
        return new()
        {
            Active = true,
            Scope = Scopes.Scim,
            ExpiresIn = 3600,
            Account = SeededUsers.Account,
            CredentialSet = SeededUsers.CredentialSet,
        };
    }

    private static async Task<EventPage> Answer(EventPoll poll)
    {
        if (!poll.ReturnImmediately)
            await Task.Delay(TimeSpan.FromSeconds(0.5));
        return new() { Sets = new Dictionary<string, string>(StringComparer.Ordinal), LeaseMilliseconds = 1500 };
    }

    private string Issue(string issuer) => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        TokenType = "at+jwt",
        Issuer = issuer,
        Audience = Audiences.Scim,
        Claims = new Dictionary<string, object>
        {
            [JwtRegisteredClaimNames.Sub] = SeededUsers.Account.Id.ToString(),
            [JwtRegisteredClaimNames.Jti] = Guid.NewGuid().ToString(),
            [AccessTokenClaims.CredentialSet] = SeededUsers.CredentialSet.Id.ToString(),
        },
        SigningCredentials = new(key, SecurityAlgorithms.EcdsaSha256),
    });

    private object Published()
    {
        var jwk = JsonWebKeyConverter.ConvertFromECDsaSecurityKey(key);
        return new { kty = jwk.Kty, crv = jwk.Crv, x = jwk.X, y = jwk.Y, kid = jwk.Kid, use = "sig" };
    }
}
