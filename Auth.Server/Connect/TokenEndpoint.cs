using System.Security.Claims;
using Auth.Server.Data;
using Microsoft.AspNetCore;
using Microsoft.AspNetCore.Authentication;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server.AspNetCore;
using Shared.Contracts;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Connect;

/// <summary>
/// The token endpoint (RFC 6749 §3.2). OpenIddict has authenticated the client and checked code or refresh token when a
/// request arrives here; what is left is to say what the new tokens stand for.
/// </summary>
internal static class TokenEndpoint
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    public static void MapTokenEndpoint(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost(AuthServerPaths.Token, Exchange).DisableAntiforgery();

    /// <summary>What every code and token of a credential set stands for: its account.</summary>
    public static ClaimsPrincipal PrincipalOf(Guid accountId, Guid credentialSetId, IEnumerable<string> scopes)
    {
        var identity = new ClaimsIdentity(TokenValidationParameters.DefaultAuthenticationType);
        identity.SetClaim(Claims.Subject, accountId.ToString())
            .SetClaim(IssuedUnder.CredentialSet, credentialSetId.ToString())
            .SetScopes(scopes)
            .SetResources(Audiences.Scim)
            .SetDestinations(_ => [Destinations.AccessToken]);
        return new(identity);
    }

    private static async Task<IResult> Exchange(
        HttpContext http,
        ClientManager clients,
        AuthDbContext db,
        AuthOptions options,
        TimeProvider time,
        CancellationToken cancellation)
    {
        var request = http.GetOpenIddictServerRequest()!;
        if (request.IsClientCredentialsGrantType())
            return Results.SignIn(
                await PrincipalOfClient(request, clients, cancellation), authenticationScheme: Scheme);

        // Code, refresh token or traded token carry what was granted.
        var granted = (await http.AuthenticateAsync(Scheme)).Principal!;
        if (request.IsTokenExchangeGrantType())
            return TokenExchange.Trade(granted, request, options.AccessTokenLifetime, time.GetUtcNow());
        if (request.IsAuthorizationCodeGrantType())
            await ReplaceEarlierGrants(granted, db, time, cancellation);
        // But not its end: the refresh token would die with the code, which lives for minutes.
        granted.SetExpirationDate((DateTimeOffset?)null);
        return Results.SignIn(granted, authenticationScheme: Scheme);
    }

    private static async Task<ClaimsPrincipal> PrincipalOfClient(
        OpenIddictRequest request, ClientManager clients, CancellationToken cancellation)
    {
        var client = (await clients.FindByClientIdAsync(request.ClientId!, cancellation))!;
        return client.CredentialSet is { } set
            ? PrincipalOf(set.AccountId, set.Id, [Shared.Contracts.Scopes.Scim])
            : PrincipalOfManagement(client.ClientId!, request.GetScopes());
    }

    /// <summary>
    /// A client that is allowed anew refreshes with the new grant from now on: a forgotten refresh token would live as
    /// long as the credential set.
    /// </summary>
    private static async Task ReplaceEarlierGrants(
        ClaimsPrincipal granted, AuthDbContext db, TimeProvider time, CancellationToken cancellation)
    {
        var id = Guid.Parse(granted.GetAuthorizationId()!);
        var grant = await db.Grants.AsNoTracking().SingleAsync(grant => grant.Id == id, cancellation);
        var now = time.GetUtcNow().UtcDateTime;
        await db.Grants
            .Where(earlier => earlier.CredentialSetId == grant.CredentialSetId
                && earlier.ReplacedAt == null && earlier.CreationDate < grant.CreationDate)
            .ExecuteUpdateAsync(
                change => change.SetProperty(earlier => earlier.ReplacedAt, now), cancellation);
    }

    /// <summary>
    /// Resource servers and clients of the management API act for themselves. What the latter are limited to stands in
    /// the database, and nowhere in the token.
    /// </summary>
    private static ClaimsPrincipal PrincipalOfManagement(string clientId, IEnumerable<string> scopes)
    {
        var identity = new ClaimsIdentity(TokenValidationParameters.DefaultAuthenticationType);
        identity.SetClaim(Claims.Subject, clientId)
            .SetScopes(scopes)
            .SetResources(Audiences.Management)
            .SetDestinations(_ => [Destinations.AccessToken]);
        return new(identity);
    }
}
