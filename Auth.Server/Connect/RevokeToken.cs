using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// The revocation endpoint (RFC 7009 §2.1). Revoking a refresh token ends its whole grant; revoking an access token
/// also ends the tokens obtained in exchange for it. Whatever happens to the token's row concurrently, it has ended on
/// every node when this endpoint responds.
/// </summary>
internal sealed class RevokeToken(TokenManager tokens) : IOpenIddictServerHandler<HandleRevocationRequestContext>
{
    public async ValueTask HandleAsync(HandleRevocationRequestContext context)
    {
        var token = context.GenericTokenPrincipal!;
        if (token.HasTokenType(TokenTypeIdentifiers.RefreshToken) && token.GetAuthorizationId() is { } grant)
            await tokens.RevokeByAuthorizationIdAsync(grant);
        else
            await tokens.Revoke(Guid.Parse(token.GetTokenId()!));
    }
}
