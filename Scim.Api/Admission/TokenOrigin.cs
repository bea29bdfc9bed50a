using Microsoft.IdentityModel.JsonWebTokens;
using Shared.Contracts;

namespace Scim.Api.Admission;

/// <summary>
/// The account and credential set in a token's own claims, after its signature was verified. Also available for an
/// inactive token: it says whom a refusal concerns, and grants no access. The portal's tokens have none.
/// </summary>
internal sealed record TokenOrigin(Guid AccountId, Guid CredentialSetId, bool IsTest)
{
    public static TokenOrigin? Of(JsonWebToken token) =>
        Guid.TryParse(token.Subject, out var account)
        && token.TryGetValue<string>(AccessTokenClaims.CredentialSet, out var claim)
        && Guid.TryParse(claim, out var set)
            ? new(account, set, IsOfTest(token))
            : null;

    private static bool IsOfTest(JsonWebToken token) =>
        token.TryGetValue<string>("scope", out var scope)
        && scope.Split(' ').Contains(Scopes.ConnectionTest);
}
