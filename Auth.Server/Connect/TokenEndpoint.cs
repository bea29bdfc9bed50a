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
/// The token endpoint (RFC 6749 §3.2). By the time a request arrives here, OpenIddict has authenticated the client and
/// validated the code or token. This class decides what the new tokens contain.
/// </summary>
internal static class TokenEndpoint
{
    private const string Scheme = OpenIddictServerAspNetCoreDefaults.AuthenticationScheme;

    public static void MapTokenEndpoint(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost(AuthServerPaths.Token, Exchange).DisableAntiforgery();

    /// <summary>The principal of codes and tokens of a credential set: its account.</summary>
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

        // The code, refresh token or subject token contains what was granted.
        var granted = (await http.AuthenticateAsync(Scheme)).Principal!;
        if (request.IsTokenExchangeGrantType())
            return TokenExchange.Exchange(granted, request, options.AccessTokenLifetime, time.GetUtcNow());
        if (request.IsAuthorizationCodeGrantType())
            await ReplaceEarlierGrants(granted, db, time, cancellation);
        // Otherwise, the refresh token would expire with the code, after minutes.
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
    /// A client that an administrator has allowed again must refresh with the new grant from now on; otherwise, a
    /// forgotten refresh token would be valid as long as the credential set.
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
    /// The principal of resource servers and clients of the management API, which act on their own behalf. The limits
    /// of a management client are in the database, not in the token.
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
