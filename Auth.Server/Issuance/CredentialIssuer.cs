using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.IdentityModel.JsonWebTokens;
using Shared.Contracts;

namespace Auth.Server.Issuance;

/// <summary>
/// Generates credential sets: the set, its client, and its client secret or direct JWT, all in one transaction.
/// </summary>
internal sealed class CredentialIssuer(
    AuthDbContext db,
    CredentialTransitions transitions,
    CredentialSets sets,
    CredentialClients clients,
    TokenIssuer tokens,
    Operation operation,
    TimeProvider time)
{
    /// <summary>
    /// Generates a set. Without <see cref="NewCredentialSet.Staging"/>, it is active when this returns, and the
    /// previous set has ended on every node. Otherwise, it is staged and replaces only the previous staged set.
    /// </summary>
    /// <param name="wanted">What the set should be.</param>
    /// <param name="once">Makes the operation idempotent, if the caller may retry it.</param>
    /// <param name="cancellation">Honoured until the commit.</param>
    /// <exception cref="ProblemException">
    /// SCIM is not enabled (403), a set to be replaced is no longer current (409), or a value is invalid (400).
    /// </exception>
    public async Task<Completed<IssuedCredentials>> Generate(
        NewCredentialSet wanted, Idempotency? once, CancellationToken cancellation)
    {
        var generated = await operation.Run(
            wanted.Actor,
            wanted.Staging is null ? AuditAction.GenerateCredentials : AuditAction.StageCredentials,
            wanted.AccountId,
            async work =>
            {
                wanted.Check();
                var account = await transitions.LockEnabled(wanted.AccountId, once, cancellation);
                await transitions.RequireActive(wanted.AccountId, wanted.Replaces, cancellation);
                var issued = wanted.Staging is { } staging
                    ? await Stage(wanted, staging, cancellation)
                    : await Replace(work, account, wanted, cancellation);
                work.Entry.About = $"{issued.Set.Id}";
                work.Entry.Detail =
                    (wanted.Staging?.Replaces ?? wanted.Replaces) is { } replaced ? $"Replaces {replaced}." : null;
                if (once is not null)
                    await once.Record(issued, work.LastEvent);
                return issued;
            },
            cancellation);
        if (generated.Confirmation is { } confirmation)
            await sets.RecordConfirmation(generated.Result.Set, confirmation);
        return generated;
    }

    private async Task<IssuedCredentials> Stage(
        NewCredentialSet wanted, Staging staging, CancellationToken cancellation)
    {
        await transitions.RequireSameStaged(wanted.AccountId, staging.Replaces, cancellation);
        await transitions.EndExpired(wanted.AccountId, except: null, cancellation);
        await transitions.MarkEnded(
            set => set.AccountId == wanted.AccountId && set.State == CredentialSetState.Staged,
            CredentialSetEnd.Superseded, wanted.By, cancellation);
        return await Issue(wanted, generation: null, cancellation);
    }

    private async Task<IssuedCredentials> Replace(
        UnitOfWork work, Account account, NewCredentialSet wanted, CancellationToken cancellation)
    {
        var generation = await transitions.Supersede(account, staged: null, wanted.By, cancellation);
        var issued = await Issue(wanted, generation, cancellation);
        issued.Set.ActivationEvent =
            await CredentialTransitions.Publish(work, account.Id, generation, issued.Set.Id, cancellation);
        await db.SaveChangesAsync(cancellation);
        return issued;
    }

    /// <summary>
    /// Creates a set with its client and token. With a generation, it is active; without one, staged.
    /// </summary>
    private async Task<IssuedCredentials> Issue(
        NewCredentialSet wanted, long? generation, CancellationToken cancellation)
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
            ? new IssuedCredentials(set, null, await clients.Create(set, wanted, cancellation))
            : new IssuedCredentials(set, await IssueDirectJwt(set, cancellation), null);
        set.KeyId = issued.Token is null ? null : new JsonWebToken(issued.Token).Kid;
        set.LastFour = (issued.ClientSecret ?? issued.Token)?[^4..] ?? "";
        await db.SaveChangesAsync(cancellation);
        return issued;
    }

    private async Task<string> IssueDirectJwt(CredentialSet set, CancellationToken cancellation)
    {
        await clients.CreatePublic(set, cancellation);
        return await tokens.Issue(
            set.AccountId,
            set.Id.ToString(),
            [Scopes.Scim],
            set.ExpiresAt!.Value,
            (IssuedUnder.CredentialSet, set.Id.ToString()));
    }
}
