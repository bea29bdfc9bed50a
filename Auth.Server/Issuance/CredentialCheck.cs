using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Issuance;

/// <summary>
/// Checks whether a secret or token belongs to a staged set, without using it. During a rotation, this shows before the
/// cut-over that the new secret arrived where it is needed.
/// </summary>
internal sealed class CredentialCheck(
    AuthDbContext db,
    CredentialHistory history,
    ClientManager clients,
    TokenLookup tokens,
    IOptionsMonitor<OpenIddictServerOptions> server,
    Operation operation,
    TimeProvider time)
{
    private static readonly JsonWebTokenHandler jwts = new();

    /// <summary>Checks a client secret, a direct JWT or an access token against a staged set.</summary>
    /// <exception cref="ProblemException">
    /// The set is not staged (409), or the text is not its secret or one of its tokens (400).
    /// </exception>
    public async Task<CredentialSet> Check(
        Guid accountId, Guid setId, string secretOrToken, Actor actor, CancellationToken cancellation) =>
        (await operation.Run(
        actor,
        AuditAction.CheckCredentials,
        accountId,
        async work =>
        {
            work.Entry.About = $"{setId}";
            var set = await history.Get(accountId, setId, cancellation);
            if (set.State != CredentialSetState.Staged)
                throw ProblemException.Conflict("These credentials are not staged, so there is nothing to check.");
            var given = secretOrToken.Trim();
            var good = given.Count(character => character == '.') == 2
                ? await IsTokenOf(set, given, cancellation)
                : await IsSecretOf(set, given, cancellation);
            return good ? set : throw ProblemException.Invalid(
                "This is neither the secret nor a valid token of the staged credentials.");
        },
        cancellation)).Result;

    private async Task<bool> IsSecretOf(CredentialSet set, string secret, CancellationToken cancellation)
    {
        var client = await db.Clients.SingleOrDefaultAsync(client => client.CredentialSetId == set.Id, cancellation);
        return client?.ClientSecret is not null && secret.Length > 0
            && await clients.ValidateClientSecretAsync(client, secret, cancellation);
    }

    private async Task<bool> IsTokenOf(CredentialSet set, string token, CancellationToken cancellation)
    {
        var signed = await jwts.ValidateTokenAsync(token, new()
        {
            IssuerSigningKeys = server.CurrentValue.SigningCredentials.Select(credentials => credentials.Key),
            ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
            ValidateIssuer = false,
            ValidateAudience = false,
            ValidateLifetime = false,
        });
        return signed.IsValid
            && signed.Claims.TryGetValue(Claims.Private.TokenId, out var id) && Guid.TryParse($"{id}", out var tokenId)
            && await tokens.Find(tokenId, node: null, cancellation)
                is { Status: Statuses.Valid, KeyWithdrawn: false } known
            && known.CredentialSet?.Id == set.Id
            && known.ExpiresAt > time.GetUtcNow().UtcDateTime;
    }
}
