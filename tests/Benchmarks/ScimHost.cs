using System.Security.Claims;
using System.Text.Encodings.Web;
using Benchmarks.Tokens;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;
using Scim.Api.Admission;
using Scim.Api.AuthServer;
using Shared.Contracts;

namespace Benchmarks;

/// <summary>
/// The real server with an <see cref="Authority"/>; or without the token check, so that every caller is the account's
/// identity provider.
/// </summary>
internal static class ScimHost
{
    private const string Scheme = "Fixed";

    public static WebApplication Build(string connection, string folder) => Build(
        connection,
        folder,
        "http://localhost:5001",
        builder => builder.Services.AddAuthentication(Scheme)
            .AddScheme<AuthenticationSchemeOptions, FixedCaller>(Scheme, configureOptions: null));

    public static WebApplication BuildWithTokenCheck(string connection, string folder) =>
        Build(connection, folder, Authority.AddressIn(folder), configure: null);

    /// <summary>A node of a real authorization server.</summary>
    public static WebApplication BuildNode(string connection, string folder) =>
        Build(connection, folder, Authority.AddressIn(folder), configure: null, IssuedTokens.PublicUrl);

    private static WebApplication Build(
        string connection,
        string folder,
        string authServer,
        Action<WebApplicationBuilder>? configure,
        string? issuer = null)
    {
        var keyFile = Path.Combine(folder, IssuedTokens.ClientKeyFile);
        ClientKey.OpenOrCreate(keyFile).Dispose();
        return Scim.Api.Program.Build(
            [
                "--Urls=http://127.0.0.1:0",
                $"--ConnectionStrings:Scim={connection}",
                "--Scim:BaseUrl=http://localhost:5002/scim/v2",
                $"--AuthServer:Issuer={issuer ?? authServer}",
                $"--AuthServer:Url={authServer}",
                $"--AuthServer:ClientKeyFile={keyFile}",
                "--Logging:LogLevel:Default=Warning",
                // Standard output is reserved for addresses.
                "--Logging:Console:LogToStandardErrorThreshold=Trace",
            ],
            configure);
    }

    private sealed class FixedCaller(
        IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        private static readonly Caller caller = new(
            SeededUsers.Account,
            SeededUsers.CredentialSet,
            Administrator: null,
            new HashSet<string>(StringComparer.Ordinal) { Scopes.Scim });

        private static readonly AuthenticateResult admitted = AuthenticateResult.Success(
            new(new(new ClaimsIdentity(ScimHost.Scheme)), ScimHost.Scheme));

        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            Context.Features.Set(caller);
            return Task.FromResult(admitted);
        }
    }
}
