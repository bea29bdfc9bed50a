using Auth.Server.Administrators;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Keys;
using Auth.Server.Notices;
using Microsoft.EntityFrameworkCore;
using Shared.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Retention;

/// <summary>
/// Deletes rows that are no longer needed. Access tokens, codes, pushed requests and used assertions, of which
/// clients can create any number, are deleted minutes after they expire. Refresh tokens, grants, administrators'
/// sessions, invitations, challenges and sign-in failures are deleted a week after they end; notices, when their sets
/// have ended, a year after they were sent. This happens in small steps, so that no other writer waits for long. A
/// token without a row is refused like one that has ended, so any node may prune at any time.
/// </summary>
/// <remarks>
/// Not deleted: the audit trail, credential sets and their clients, and keys; the used refresh tokens of a valid grant
/// until they would have expired, so that reuse by a thief is detected; and each administrator's newest session, which
/// shows when they last signed in.
/// </remarks>
internal sealed class Pruning(IServiceScopeFactory scopes, TimeProvider time, ILogger<Pruning> log)
    : PeriodicTask(TimeSpan.FromMinutes(1), scopes, time, log)
{
    /// <summary>
    /// How long expired rows are kept: longer than any clock skew, so that nothing is deleted that
    /// another node still accepts.
    /// </summary>
    public static readonly TimeSpan KeptAfterExpiry = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan everythingEvery = TimeSpan.FromHours(1);

    private DateTimeOffset everythingAt = time.GetUtcNow() + everythingEvery;

    /// <summary>How long ended rows are kept so that failures can still be investigated.</summary>
    public static readonly TimeSpan KeptAfterTheEnd = TimeSpan.FromDays(7);

    private static readonly TimeSpan keptNotices = TimeSpan.FromDays(365);

    private const int RowsAtOnce = 500;
    private const int OwnersAtOnce = 50;

    /// <summary>Deletes some rows that ended before a time, and returns how many.</summary>
    private delegate Task<int> Step(AuthDbContext db, DateTime end, CancellationToken cancellation);

    /// <summary>Deletes everything that ended long enough ago.</summary>
    public async Task Prune(CancellationToken cancellation)
    {
        await PruneExpired(cancellation);
        foreach (var key in await KeyIds(cancellation))
            await Repeat((db, end, token) => Expired(db.Tokens, key, end, token), KeptAfterTheEnd, cancellation);
        // Rows that refer to others are deleted before them.
        foreach (var step in new Step[]
        {
            TokensOfEndedSets, TokensOfEndedGrants, GrantsWithoutTokens, Sessions, Invitations, UsedChallenges,
            SignInAttempts, Notices,
        })
        {
            await Repeat(step, KeptAfterTheEnd, cancellation);
        }
    }

    /// <summary>Deletes the kinds of rows that clients can create in any number.</summary>
    public async Task PruneExpired(CancellationToken cancellation)
    {
        foreach (var key in await KeyIds(cancellation))
        {
            await Repeat(
                (db, end, token) => Expired(
                    db.Tokens.Where(row => row.Type != TokenTypeIdentifiers.RefreshToken), key, end, token),
                KeptAfterExpiry,
                cancellation);
        }

        await Repeat(UsedAssertions, KeptAfterExpiry, cancellation);
    }

    protected override async Task Run(IServiceProvider services, CancellationToken cancellation)
    {
        if (Time.GetUtcNow() < everythingAt)
        {
            await PruneExpired(cancellation);
            return;
        }

        await Prune(cancellation);
        everythingAt = Time.GetUtcNow() + everythingEvery;
    }

    private async Task<List<string>> KeyIds(CancellationToken cancellation)
    {
        await using var scope = Scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
        return await db.Keys.Select(key => key.Id).ToListAsync(cancellation);
    }

    private async Task Repeat(Step step, TimeSpan kept, CancellationToken cancellation)
    {
        var deleted = 0;
        do
        {
            await using var scope = Scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
            await using var write = await db.BeginWrite(cancellation);
            deleted = await step(db, Time.GetUtcNow().UtcDateTime - kept, cancellation);
            await write.Commit(cancellation);
        }
        while (deleted > 0);
    }

    /// <summary>By key, which is the first column of the index.</summary>
    private static Task<int> Expired(
        IQueryable<Token> tokens, string keyId, DateTime end, CancellationToken cancellation) =>
        tokens.Where(token => token.KeyId == keyId && token.ExpirationDate < end)
            .OrderBy(token => token.ExpirationDate).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);

    /// <summary>Above all refresh tokens, which end only with their set.</summary>
    private static async Task<int> TokensOfEndedSets(AuthDbContext db, DateTime end, CancellationToken cancellation)
    {
        var sets = await db.CredentialSets
            .Where(set => set.EndedAt < end || set.ExpiresAt < end)
            .Where(set => db.Set<Token>().Any(token => token.CredentialSetId == set.Id))
            .OrderBy(set => set.Id).Take(OwnersAtOnce).Select(set => (Guid?)set.Id).ToListAsync(cancellation);
        return await db.Tokens.Where(token => sets.Contains(token.CredentialSetId))
            .OrderBy(token => token.Id).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);
    }

    /// <summary>
    /// The tokens of grants that were revoked or replaced. The time of a revocation is not recorded, but no
    /// token was issued after it.
    /// </summary>
    private static async Task<int> TokensOfEndedGrants(AuthDbContext db, DateTime end, CancellationToken cancellation)
    {
        var grants = await db.Grants
            .Where(grant => grant.Status != Statuses.Valid || grant.ReplacedAt < end)
            .Where(grant => grant.Tokens.Any() && !grant.Tokens.Any(token => token.CreationDate >= end))
            .OrderBy(grant => grant.Id).Take(OwnersAtOnce).Select(grant => grant.Id).ToListAsync(cancellation);
        return await db.Tokens.Where(token => grants.Contains(token.Authorization!.Id))
            .OrderBy(token => token.Id).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);
    }

    private static Task<int> GrantsWithoutTokens(AuthDbContext db, DateTime end, CancellationToken cancellation) =>
        db.Grants.Where(grant => grant.CreationDate < end && !grant.Tokens.Any())
            .OrderBy(grant => grant.Id).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);

    private static Task<int> Sessions(AuthDbContext db, DateTime end, CancellationToken cancellation) =>
        db.Sessions.Where(session => session.EndedAt < end || session.ExpiresAt < end)
            .Where(session => !db.Set<Token>().Any(token => token.SessionId == session.Id))
            .Where(session => db.Set<AdministratorSession>().Any(
                later => later.AdministratorId == session.AdministratorId && later.StartedAt > session.StartedAt))
            .OrderBy(session => session.Id).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);

    private static Task<int> Invitations(AuthDbContext db, DateTime end, CancellationToken cancellation) =>
        db.Invitations.Where(invitation => invitation.ExpiresAt < end)
            .OrderBy(invitation => invitation.Id).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);

    private static Task<int> UsedAssertions(AuthDbContext db, DateTime end, CancellationToken cancellation) =>
        db.UsedAssertions.Where(assertion => assertion.ExpiresAt < end)
            .OrderBy(assertion => assertion.ExpiresAt).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);

    private static Task<int> UsedChallenges(AuthDbContext db, DateTime end, CancellationToken cancellation) =>
        db.UsedChallenges.Where(challenge => challenge.ExpiresAt < end)
            .OrderBy(challenge => challenge.Hash).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);

    /// <summary>
    /// Attempts that no longer count (<see cref="SignInBudget"/>). Most are from unknown callers, so
    /// they are not kept for a week.
    /// </summary>
    private static Task<int> SignInAttempts(AuthDbContext db, DateTime end, CancellationToken cancellation)
    {
        var past = end + KeptAfterTheEnd - Auth.Server.Administrators.SignInAttempts.TimeToReturn;
        return db.SignInAttempts
            .Where(attempts => attempts.ForgottenAt < past
                && (attempts.BlockedUntil == null || attempts.BlockedUntil < past))
            .OrderBy(attempts => attempts.Key).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);
    }

    /// <summary>
    /// Notices about sets that have ended, a year after they were sent: if such a set is still in use then, its
    /// administrators are told again.
    /// </summary>
    private static Task<int> Notices(AuthDbContext db, DateTime end, CancellationToken cancellation)
    {
        var past = end + KeptAfterTheEnd - keptNotices;
        return db.Notices
            .Where(notice => notice.CreatedAt < past && db.Set<CredentialSet>().Any(set =>
                set.Id == notice.SubjectId && set.State == CredentialSetState.Ended))
            .OrderBy(notice => notice.Id).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);
    }
}
