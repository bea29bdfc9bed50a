using System.Linq.Expressions;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.IdentityModel.JsonWebTokens;
using Shared.Contracts;

namespace Auth.Server.Credentials;

/// <summary>What a new credential set shall be.</summary>
/// <param name="AccountId">Whose it is.</param>
/// <param name="Replaces">
/// The active set that the caller saw, null if there was none. If that is no longer so, nothing is done.
/// </param>
/// <param name="Method">One of <see cref="CredentialMethods"/>.</param>
/// <param name="By">Who asks, for people to read.</param>
/// <param name="Lifetime">Until the set ends by itself; null is the method's default.</param>
/// <param name="RedirectUris">Where codes may be sent; without any, a client has client credentials only.</param>
/// <param name="RequirePkce">Whether the client must prove with each code that it asked for it (RFC 7636); Okta cannot.</param>
/// <param name="Jwks">
/// Public keys, a JWK set, with which the client proves itself (<c>private_key_jwt</c>); it then has no secret.
/// </param>
internal sealed record NewCredentialSet(
    Guid AccountId,
    Guid? Replaces,
    string Method,
    string By,
    TimeSpan? Lifetime = null,
    IReadOnlyList<string>? RedirectUris = null,
    bool RequirePkce = false,
    string? Jwks = null);

/// <summary>A credential set just made, with what is shown once and kept nowhere.</summary>
internal sealed record IssuedCredentials(CredentialSet Set, string? Token, string? ClientSecret);

/// <summary>
/// The transitions of credential sets. Each locks the account's row first, names the set that its caller saw, and is one
/// transaction: there is never a moment with two active sets, and a refusal changes nothing.
/// </summary>
internal sealed class CredentialSets(
    AuthDbContext db, ClientManager clients, TokenIssuer tokens, AuditTrail audit, TimeProvider time)
{
    /// <summary>How long a direct JWT lives unless chosen otherwise.</summary>
    public static readonly TimeSpan DirectJwtLifetime = TimeSpan.FromDays(365);

    private static readonly TimeSpan longestLifetime = TimeSpan.FromDays(3 * 365);
    private static readonly TimeSpan shortestLifetime = TimeSpan.FromMinutes(5);

    /// <summary>A lifetime in days; so many that no time span has them are as good as too many.</summary>
    public static TimeSpan Days(int days) => TimeSpan.FromDays(Math.Clamp(days, -1, 1_000_000));

    /// <summary>The account's live set, if it has one.</summary>
    public async Task<CredentialSet?> FindActive(Guid accountId, CancellationToken cancellation)
    {
        var set = await db.CredentialSets.AsNoTracking().SingleOrDefaultAsync(
            set => set.AccountId == accountId && set.State == CredentialSetState.Active, cancellation);
        return set is not null && set.IsLive(Now) ? set : null;
    }

    /// <summary>Makes a set and puts it in the place of the one before, whose tokens are dead when this returns.</summary>
    /// <exception cref="ProblemException">
    /// SCIM is not enabled (403), the replaced set is no longer current (409), or a value is wrong (400).
    /// </exception>
    public Task<IssuedCredentials> Generate(NewCredentialSet wanted, CancellationToken cancellation) => audit.Record(
        AuditAction.GenerateCredentials,
        wanted.AccountId,
        async entry =>
        {
            Check(wanted);
            var generation = await LockAccount(wanted.AccountId, cancellation);
            await RequireCurrent(wanted.AccountId, wanted.Replaces, cancellation);

            // Ended first and activated second, or two sets would be active at once.
            await EndAll(wanted.AccountId, CredentialSetEnd.Superseded, wanted.By, cancellation);
            var issued = await Activate(wanted, generation, cancellation);
            entry.About = $"{issued.Set.Id}";
            entry.Detail = wanted.Method
                + (issued.Set.LastFour is { Length: > 0 } end ? $", ends in {end}" : ", with keys of its own")
                + (wanted.Replaces is { } replaced ? $"; replaces {replaced}" : "");
            return issued;
        },
        cancellation);

    /// <summary>Ends the active set without a successor.</summary>
    /// <exception cref="ProblemException">The set is no longer the current one (409).</exception>
    public Task Revoke(Guid accountId, Guid setId, string by, CancellationToken cancellation) => audit.Record(
        AuditAction.RevokeCredentials,
        accountId,
        async entry =>
        {
            entry.About = $"{setId}";
            await LockRow(accountId, cancellation);
            await RequireCurrent(accountId, setId, cancellation);
            await EndAll(accountId, CredentialSetEnd.Revoked, by, cancellation);
        },
        cancellation);

    /// <summary>
    /// Ends the sets whose token was signed by a key that has been withdrawn. The token is dead already; this is so that
    /// its owner reads why.
    /// </summary>
    public async Task<IReadOnlyList<CredentialSet>> EndWithdrawn(CancellationToken cancellation)
    {
        var ended = await db.CredentialSets.AsNoTracking().Include(set => set.Account)
            .Where(set => set.State != CredentialSetState.Ended && set.Key!.WithdrawnAt != null)
            .ToListAsync(cancellation);
        foreach (var set in ended)
        {
            await audit.Record(
                AuditAction.EndCredentials,
                set.AccountId,
                async entry =>
                {
                    entry.About = $"{set.Id}";
                    entry.Detail = $"The key {set.KeyId} is no longer trusted.";
                    await LockRow(set.AccountId, cancellation);
                    await End(other => other.Id == set.Id, CredentialSetEnd.KeyWithdrawn, "SciLeads", cancellation);
                },
                cancellation);
        }

        return ended;
    }

    /// <summary>The set that the account had last, if none is live.</summary>
    public async Task<CredentialSet?> FindLast(Guid accountId, CancellationToken cancellation) =>
        await db.CredentialSets.AsNoTracking()
            .Where(set => set.AccountId == accountId && set.Generation != null)
            .OrderByDescending(set => set.Generation)
            .FirstOrDefaultAsync(cancellation) is { } last && !last.IsLive(Now) ? last : null;

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    private static void Check(NewCredentialSet wanted)
    {
        if (wanted.Method is not (CredentialMethods.OAuth2 or CredentialMethods.DirectJwt))
            throw ProblemException.Invalid($"\"{wanted.Method}\" is no authentication method.");
        if (wanted.Method == CredentialMethods.DirectJwt
            && wanted is not { RedirectUris: null or { Count: 0 }, RequirePkce: false, Jwks: null })
        {
            throw ProblemException.Invalid("A direct JWT has no redirect URIs and no keys.");
        }
        if (wanted is { RequirePkce: true, RedirectUris: null or { Count: 0 } })
            throw ProblemException.Invalid("Without a redirect URI there are no codes for PKCE to protect.");
        if (wanted.Lifetime is { } lifetime && (lifetime < shortestLifetime || lifetime > longestLifetime))
        {
            throw ProblemException.Invalid(
                $"A lifetime is at least {shortestLifetime.TotalMinutes} minutes and at most {longestLifetime.TotalDays} days.");
        }

        foreach (var uri in wanted.RedirectUris ?? [])
            RedirectUris.Check(uri);
    }

    private async Task LockRow(Guid accountId, CancellationToken cancellation)
    {
        // An update that changes nothing locks the row on PostgreSQL; on SQLite the transaction already is the one writer.
        var locked = await db.Accounts.Where(account => account.Id == accountId).ExecuteUpdateAsync(
            set => set.SetProperty(account => account.LastGeneration, account => account.LastGeneration), cancellation);
        if (locked == 0)
            throw ProblemException.NotFound($"There is no account {accountId}.");
    }

    private async Task<long> LockAccount(Guid accountId, CancellationToken cancellation)
    {
        await LockRow(accountId, cancellation);
        var account = await db.Accounts.AsNoTracking().SingleAsync(account => account.Id == accountId, cancellation);
        if (!account.AllowsScim)
        {
            throw ProblemException.Forbidden(
                $"SCIM provisioning is not enabled for {account.Name}. Write to support@scileads.com to have it enabled.");
        }

        return Math.Max(account.LastGeneration + 1, time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private async Task RequireCurrent(Guid accountId, Guid? seen, CancellationToken cancellation)
    {
        var current = await FindActive(accountId, cancellation);
        if (current?.Id == seen)
            return;
        if (current is not null)
        {
            throw ProblemException.Conflict(
                $"{current.CreatedBy} generated new credentials on {current.ActivatedAt:yyyy-MM-dd} at {current.ActivatedAt:HH:mm:ss} UTC. "
                + "They are active, and nothing was changed now.");
        }

        var ended = await db.CredentialSets.AsNoTracking().SingleOrDefaultAsync(
            set => set.Id == seen && set.AccountId == accountId, cancellation);
        throw ProblemException.Conflict(ended is { EndedAt: { } endedAt }
            ? $"{ended.EndedBy} ended these credentials on {endedAt:yyyy-MM-dd} at {endedAt:HH:mm:ss} UTC. Nothing was changed now."
            : "These credentials are not the account's active ones. Nothing was changed now.");
    }

    private async Task EndAll(Guid accountId, CredentialSetEnd reason, string by, CancellationToken cancellation)
    {
        var now = Now;
        // A set that ran out before now ended by itself, whoever finds it here.
        await End(
            set => set.AccountId == accountId && set.ExpiresAt != null && set.ExpiresAt <= now,
            CredentialSetEnd.Expired, "SciLeads", cancellation);
        await End(set => set.AccountId == accountId, reason, by, cancellation);
    }

    private Task<int> End(
        Expression<Func<CredentialSet, bool>> which, CredentialSetEnd why, string by, CancellationToken cancellation)
    {
        var now = Now;
        return db.CredentialSets.Where(set => set.State != CredentialSetState.Ended).Where(which).ExecuteUpdateAsync(
            change => change
                .SetProperty(set => set.State, CredentialSetState.Ended)
                .SetProperty(set => set.EndedAt, set => why == CredentialSetEnd.Expired ? set.ExpiresAt : now)
                .SetProperty(set => set.EndedBy, by)
                .SetProperty(set => set.EndReason, why),
            cancellation);
    }

    private async Task<IssuedCredentials> Activate(
        NewCredentialSet wanted, long generation, CancellationToken cancellation)
    {
        var now = Now;
        var lifetime = wanted.Lifetime ?? (wanted.Method == CredentialMethods.DirectJwt ? DirectJwtLifetime : null);
        var set = new CredentialSet
        {
            AccountId = wanted.AccountId,
            Method = wanted.Method,
            State = CredentialSetState.Active,
            Generation = generation,
            ClientId = wanted.Method == CredentialMethods.OAuth2 ? $"scim-{Guid.NewGuid():N}" : null,
            CreatedAt = now,
            CreatedBy = wanted.By,
            ActivatedAt = now,
            ExpiresAt = now + lifetime,
        };
        db.CredentialSets.Add(set);
        await db.SaveChangesAsync(cancellation);
        await db.Accounts.Where(account => account.Id == wanted.AccountId).ExecuteUpdateAsync(
            change => change.SetProperty(account => account.LastGeneration, generation), cancellation);

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
