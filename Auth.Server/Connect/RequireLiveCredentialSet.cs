using System.Security.Claims;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// A code or token is good only if it has a row, the credential set or session it was issued under is live, and its key
/// was not withdrawn. Runs wherever one is presented: for codes, refresh and subject tokens at the token endpoint, for
/// access tokens at introspection.
/// </summary>
internal sealed class RequireLiveCredentialSet(TokenLookup tokens, TimeProvider time)
    : IOpenIddictServerHandler<ValidateTokenContext>
{
    private const string Replaced =
        "The client has been allowed anew; the refresh token it got then replaces this one.";

    public async ValueTask HandleAsync(ValidateTokenContext context)
    {
        if (context.Principal is not { } principal || IsClientAssertion(context))
            return;
        // A JWT signed with our key but without a row would otherwise be taken at its word.
        if (!Guid.TryParse(principal.GetTokenId(), out var id) 
            || await tokens.Find(id, Introspection.NodeOf(context), context.CancellationToken) is not { } token)
        {
            context.Reject(Errors.InvalidToken, "The token is not known.");
            return;
        }

        if (context.EndpointType == OpenIddictServerEndpointType.Introspection)
            Vouch(context, token);
        if (!context.IsRejected
            && FaultOf(token, principal, TokenStamp.KeyOf(context.TokenValidationResult?.SecurityToken)) is { } fault
            // Its access tokens live on, and can be revoked by it.
            && !(context.EndpointType == OpenIddictServerEndpointType.Revocation && fault == Replaced))
        {
            context.Reject(Errors.InvalidToken, fault);
        }
    }

    private string? FaultOf(KnownToken token, ClaimsPrincipal principal, string? keyId)
    {
        // The node that asks may not have heard yet that the key was withdrawn, and the row may be another token's.
        if (token.KeyId != keyId || token.KeyWithdrawn)
            return "The key of the token is no longer trusted.";
        var stamped = IssuedUnder.Read(principal, IssuedUnder.CredentialSet) == token.CredentialSet?.Id
            && IssuedUnder.Read(principal, IssuedUnder.Session) == token.Session?.Id;
        if (!stamped || !token.IsUsable(time.GetUtcNow().UtcDateTime))
            return "The credential set of the token is no longer active.";
        if (!token.HasLiveSubject(time.GetUtcNow().UtcDateTime))
            return "The token that this one was exchanged for has ended.";
        return token.Type == TokenTypeIdentifiers.RefreshToken && token.FamilyReplaced ? Replaced : null;
    }

    /// <summary>
    /// At introspection nothing is redeemed, and the row just read says it all: it spares OpenIddict's own look-ups,
    /// which would end a family because a resource server asked about a used token.
    /// </summary>
    private void Vouch(ValidateTokenContext context, KnownToken token)
    {
        if (token.Type != TokenTypeIdentifiers.AccessToken || !token.IsValid(time.GetUtcNow().UtcDateTime))
            context.Reject(Errors.InvalidToken, "The token is no access token, was revoked or has expired.");
        context.Transaction.SetProperty(KnownToken.Property, token);
    }

    private static bool IsClientAssertion(ValidateTokenContext context) =>
        context.ValidTokenTypes.Contains(TokenTypeIdentifiers.Private.ClientAssertion);
}

/// <summary>
/// OpenIddict's own look-up of a token's row. At introspection <see cref="RequireLiveCredentialSet"/> reads all there
/// is, and at revocation the token's status does not matter: one that has ended is ended again.
/// </summary>
internal sealed class RestoreTokenEntry(IOpenIddictTokenManager tokens) : IOpenIddictServerHandler<ValidateTokenContext>
{
    private readonly OpenIddictServerHandlers.Protection.RestoreTokenEntryProperties restore = new(tokens);

    public ValueTask HandleAsync(ValidateTokenContext context) =>
        context.EndpointType is OpenIddictServerEndpointType.Introspection or OpenIddictServerEndpointType.Revocation
            ? default
            : restore.HandleAsync(context);
}
