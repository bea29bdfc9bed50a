using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Keys;
using Microsoft.EntityFrameworkCore;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// A code or token is good only if it has a row, the credential set or session it was issued under is live, and its key was
/// not withdrawn. Runs wherever one is presented: for codes and refresh tokens at the token endpoint, for access tokens at introspection.
/// </summary>
internal sealed class RequireLiveCredentialSet(AuthDbContext db, TimeProvider time)
    : IOpenIddictServerHandler<ValidateTokenContext>
{
    public static OpenIddictServerHandlerDescriptor Descriptor { get; } =
        OpenIddictServerHandlerDescriptor.CreateBuilder<ValidateTokenContext>()
            .UseScopedHandler<RequireLiveCredentialSet>()
            .SetOrder(OpenIddictServerHandlers.Protection.RestoreTokenEntryProperties.Descriptor.Order + 500)
            .Build();

    public async ValueTask HandleAsync(ValidateTokenContext context)
    {
        if (context.Principal is not { } principal || IsClientAssertion(context))
            return;
        // A JWT signed with our key but without a row would otherwise be taken at its word.
        if (!Guid.TryParse(context.TokenId, out var id) || await Origin(id) is not { } origin)
        {
            context.Reject(Errors.InvalidToken, "The token is not known.");
            return;
        }

        var now = time.GetUtcNow().UtcDateTime;
        var stamped = IssuedUnder.Read(principal, IssuedUnder.CredentialSet) == origin.SetId
            && IssuedUnder.Read(principal, IssuedUnder.Session) == origin.SessionId;
        var live = (origin.SetId is null || origin.Set?.IsLive(now) == true)
            && (origin.SessionId is null || origin.Session is { EndedAt: null } session && session.ExpiresAt > now);
        // The node that asks may not have heard yet that the key was withdrawn, and the row may be another token's.
        var trusted = origin.KeyId is null
            || (origin.KeyId == TokenKey.Of(context.TokenValidationResult?.SecurityToken) && origin.KeyWithdrawnAt is null);
        if (!trusted)
            context.Reject(Errors.InvalidToken, "The key of the token is no longer trusted.");
        else if (!stamped || !live)
            context.Reject(Errors.InvalidToken, "The credential set of the token is no longer active.");
    }

    private Task<TokenOrigin?> Origin(Guid tokenId) => db.Tokens.AsNoTracking()
        .Where(token => token.Id == tokenId)
        .Select(token => new TokenOrigin(
            token.CredentialSetId, token.CredentialSet, token.SessionId, token.Session, token.KeyId, token.Key!.WithdrawnAt))
        .SingleOrDefaultAsync();

    private static bool IsClientAssertion(ValidateTokenContext context) =>
        context.ValidTokenTypes.Contains(TokenTypeIdentifiers.Private.ClientAssertion);

    private sealed record TokenOrigin(
        Guid? SetId,
        CredentialSet? Set,
        Guid? SessionId,
        Administrators.AdministratorSession? Session,
        string? KeyId,
        DateTime? KeyWithdrawnAt);
}
