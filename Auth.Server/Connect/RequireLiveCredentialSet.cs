using System.Security.Claims;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Requires that a code or token has a row, that its credential set or session is live, and that its key was not
/// withdrawn. Runs wherever one is presented: for codes, refresh and subject tokens at the token endpoint, and for
/// access tokens at introspection.
/// </summary>
internal sealed class RequireLiveCredentialSet(TokenLookup tokens, TimeProvider time)
    : IOpenIddictServerHandler<ValidateTokenContext>
{
    private const string Replaced =
        "An administrator has allowed the client again; use the refresh token from that grant.";

    public async ValueTask HandleAsync(ValidateTokenContext context)
    {
        if (context.Principal is not { } principal || IsClientAssertion(context))
            return;
        // Otherwise, a JWT that is signed with our key but has no row would be trusted.
        if (!Guid.TryParse(principal.GetTokenId(), out var id)
            || await tokens.Find(id, Introspection.NodeOf(context), context.CancellationToken) is not { } token)
        {
            context.Reject(Errors.InvalidToken, "The token is not known.");
            return;
        }

        if (context.EndpointType == OpenIddictServerEndpointType.Introspection)
            ValidateFromRow(context, token);
        if (!context.IsRejected
            && FaultOf(token, principal, TokenStamp.KeyOf(context.TokenValidationResult?.SecurityToken)) is { } fault
            // The access tokens of a replaced grant stay valid, and can be revoked with it.
            && !(context.EndpointType == OpenIddictServerEndpointType.Revocation && fault == Replaced))
        {
            context.Reject(Errors.InvalidToken, fault);
        }
    }

    private string? FaultOf(KnownToken token, ClaimsPrincipal principal, string? keyId)
    {
        // This node may not know yet that the key was withdrawn, and the row may belong to another token.
        if (token.KeyId != keyId || token.KeyWithdrawn)
            return "The key of the token is no longer trusted.";
        var stamped = IssuedUnder.Read(principal, IssuedUnder.CredentialSet) == token.CredentialSet?.Id
            && IssuedUnder.Read(principal, IssuedUnder.Session) == token.Session?.Id;
        if (!stamped || !token.IsUsable(time.GetUtcNow().UtcDateTime))
            return "The credential set of the token is no longer active.";
        if (!token.HasLiveSubject(time.GetUtcNow().UtcDateTime))
            return "The subject token that was exchanged for this one has ended.";
        return token.Type == TokenTypeIdentifiers.RefreshToken && token.GrantReplaced ? Replaced : null;
    }

    /// <summary>
    /// Decides the validity at introspection from the row just read. This replaces OpenIddict's own lookups, which
    /// would revoke a grant because a resource server asked about a used token.
    /// </summary>
    private void ValidateFromRow(ValidateTokenContext context, KnownToken token)
    {
        if (token.Type != TokenTypeIdentifiers.AccessToken || !token.IsValid(time.GetUtcNow().UtcDateTime))
            context.Reject(Errors.InvalidToken, "The token is not an access token, was revoked or has expired.");
        context.Transaction.SetProperty(KnownToken.Property, token);
    }

    private static bool IsClientAssertion(ValidateTokenContext context) =>
        context.ValidTokenTypes.Contains(TokenTypeIdentifiers.Private.ClientAssertion);
}

/// <summary>
/// OpenIddict's own lookup of a token's row, except at introspection, where <see cref="RequireLiveCredentialSet"/>
/// reads everything, and at revocation, where the token's status does not matter.
/// </summary>
internal sealed class RestoreTokenEntry(IOpenIddictTokenManager tokens) : IOpenIddictServerHandler<ValidateTokenContext>
{
    private readonly OpenIddictServerHandlers.Protection.RestoreTokenEntryProperties restore = new(tokens);

    public ValueTask HandleAsync(ValidateTokenContext context) =>
        context.EndpointType is OpenIddictServerEndpointType.Introspection or OpenIddictServerEndpointType.Revocation
            ? default
            : restore.HandleAsync(context);
}
