using Microsoft.IdentityModel.JsonWebTokens;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// Whose token it is, by its own claims, whose signature was checked. That also a dead token says; so it names whom a
/// refusal concerns, and lets nobody in. Tokens of the portal have none.
/// </summary>
internal sealed record TokenOrigin(Guid AccountId, Guid CredentialSetId)
{
    public static TokenOrigin? Of(JsonWebToken token) =>
        Guid.TryParse(token.Subject, out var account)
        && token.TryGetValue<string>(AccessTokenClaims.CredentialSet, out var claim)
        && Guid.TryParse(claim, out var set)
            ? new(account, set)
            : null;
}
