using System.Security.Claims;
using Auth.Server.Data;
using Auth.Server.Keys;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>Issues access tokens (RFC 9068) outside of the token endpoint.</summary>
internal sealed class TokenIssuer(
    IOpenIddictServerFactory factory,
    IOpenIddictServerDispatcher dispatcher,
    AuthDbContext db,
    KeyRing keys,
    AuthOptions options,
    TimeProvider time)
{
    /// <summary>
    /// Signs a token for <c>Scim.Api</c> and writes its row, in the caller's transaction if there is one.
    /// </summary>
    /// <param name="account">The subject.</param>
    /// <param name="clientId">The <c>client_id</c> claim, which RFC 9068 §2.2 requires.</param>
    /// <param name="scopes">The scopes that the token grants.</param>
    /// <param name="expiresAt">UTC.</param>
    /// <param name="claims">Additional claims, by name.</param>
    /// <returns>The token, as compact JWS.</returns>
    public async Task<string> Issue(
        Guid account,
        string clientId,
        IEnumerable<string> scopes,
        DateTime expiresAt,
        params IEnumerable<(string Name, string Value)> claims)
    {
        var identity = new ClaimsIdentity(TokenValidationParameters.DefaultAuthenticationType);
        identity.SetClaim(Claims.Subject, account.ToString())
            .SetClaim(Claims.ClientId, clientId)
            // Outside of a request, OpenIddict does not set the issuer.
            .SetClaim(Claims.Private.Issuer, options.PublicUrl.AbsoluteUri)
            .SetScopes(scopes)
            // Both are needed for introspection to check that the caller is a party to the token.
            .SetAudiences(Shared.Contracts.Audiences.Scim)
            .SetPresenters(clientId)
            .SetCreationDate(time.GetUtcNow())
            .SetExpirationDate(new DateTimeOffset(expiresAt, TimeSpan.Zero));
        foreach (var (name, value) in claims)
            identity.SetClaim(name, value);

        var token = await Sign(identity);
        // Another node may have withdrawn the key a moment ago. A withdrawal after this sees the token's row.
        var key = new JsonWebToken(token).Kid;
        if (await db.Keys.AnyAsync(k => k.Id == key && k.WithdrawnAt == null && k.ForgottenAt == null))
            return token;
        await keys.Refresh(db, CancellationToken.None);
        return await Sign(identity);
    }

    private async Task<string> Sign(ClaimsIdentity identity)
    {
        var context = new GenerateTokenContext(await factory.CreateTransactionAsync())
        {
            CreateTokenEntry = true,
            IsReferenceToken = false,
            PersistTokenPayload = false,
            Principal = new ClaimsPrincipal(identity),
            TokenFormat = TokenFormats.Private.JsonWebToken,
            TokenType = TokenTypeIdentifiers.AccessToken,
        };
        await dispatcher.DispatchAsync(context);
        return context.Token ?? throw new InvalidOperationException($"No token was issued: {context.ErrorDescription}");
    }
}
