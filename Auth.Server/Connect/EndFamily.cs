using Auth.Server.Events;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Shared.Contracts;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// A refresh token that is revoked takes its family along, access tokens too (RFC 7009 §2.1). When the answer comes, no node
/// of <c>Scim.Api</c> admits any of them.
/// </summary>
internal sealed class EndFamily(TokenManager tokens, EventLog events)
    : IOpenIddictServerHandler<HandleRevocationRequestContext>
{
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<HandleRevocationRequestContext>()
            .UseScopedHandler<EndFamily>()
            .SetOrder(OpenIddictServerHandlers.Revocation.RevokeToken.Descriptor.Order + 500)
            .Build();

    public async ValueTask HandleAsync(HandleRevocationRequestContext context)
    {
        var token = context.GenericTokenPrincipal!;
        if (token.HasTokenType(TokenTypeIdentifiers.RefreshToken) && token.GetAuthorizationId() is { } family)
            await tokens.RevokeByAuthorizationIdAsync(family);
        else if (Guid.TryParse(token.GetClaim(Claims.Subject), out var account))
            await events.Tell(SecurityEvents.SessionRevoked, account, context.CancellationToken);
    }
}
