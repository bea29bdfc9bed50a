using Auth.Server.Connect;
using Auth.Server.Data;
using Microsoft.IdentityModel.JsonWebTokens;
using Shared.Contracts;

namespace Auth.Server.Credentials;

/// <summary>Makes a credential set and what its owner is shown once: a client secret, or a direct JWT.</summary>
internal sealed class CredentialIssuer(AuthDbContext db, ClientManager clients, TokenIssuer tokens, TimeProvider time)
{
    /// <summary>Writes a set, its client and its token, in the caller's transaction.</summary>
    /// <param name="wanted">What it shall be, checked.</param>
    /// <param name="generation">That of an active set; null if the set is staged.</param>
    /// <param name="cancellation">Ends it; the transaction then changes nothing.</param>
    public async Task<IssuedCredentials> Issue(NewCredentialSet wanted, long? generation, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var isActive = generation is not null;
        var expires = wanted.ExpiresAt(now);
        var before = wanted.Staging?.Before(now);
        var set = new CredentialSet
        {
            AccountId = wanted.AccountId,
            Method = wanted.Method,
            State = isActive ? CredentialSetState.Active : CredentialSetState.Staged,
            Generation = generation,
            ClientId = wanted.Method == CredentialMethods.OAuth2 ? $"scim-{Guid.NewGuid():N}" : null,
            CreatedAt = now,
            CreatedBy = wanted.By,
            Activation = wanted.Staging?.Activation,
            ActivateBefore = expires < before ? expires : before,
            ActivatedAt = isActive ? now : null,
            ActivatedBy = isActive ? wanted.By : null,
            ExpiresAt = expires,
        };
        db.CredentialSets.Add(set);
        await db.SaveChangesAsync(cancellation);

        var issued = wanted.Method == CredentialMethods.OAuth2
            ? new IssuedCredentials(set, null, await clients.CreateFor(set, wanted, cancellation))
            : new IssuedCredentials(set, await IssueDirectJwt(set, cancellation), null);
        set.KeyId = issued.Token is null ? null : new JsonWebToken(issued.Token).Kid;
        set.LastFour = (issued.ClientSecret ?? issued.Token)?[^4..] ?? "";
        await db.SaveChangesAsync(cancellation);
        return issued;
    }

    private async Task<string> IssueDirectJwt(CredentialSet set, CancellationToken cancellation)
    {
        await clients.CreateFor(set, cancellation);
        return await tokens.Issue(
            set.AccountId,
            set.Id.ToString(),
            [Shared.Contracts.Scopes.Scim],
            set.ExpiresAt!.Value,
            (IssuedUnder.CredentialSet, set.Id.ToString()));
    }
}
