using Auth.Server.Administrators;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Keys;
using Microsoft.EntityFrameworkCore;
using Shared.Hosting;
using static OpenIddict.Abstractions.OpenIddictConstants;

namespace Auth.Server.Retention;

/// <summary>
/// Throws away what decides nothing any more: minutes after their end, access tokens, codes, pushed requests and used
/// assertions, of which clients make as many as they like; a week after it, refresh tokens, grants, administrators'
/// sessions, and what is remembered of links, challenges and failures. Small steps, so that no writer waits for long.
/// What has ended stays so, and a token without a row is refused like one that has ended: any node may do this at any
/// time.
/// </summary>
/// <remarks>
/// What stays: the audit trail, credential sets and their clients, keys. Used refresh tokens of a grant that lives,
/// until they would have expired unused: whoever uses one again is a thief. Each administrator's newest session: it
/// tells when they last signed in.
/// </remarks>
internal sealed class Pruning(IServiceScopeFactory scopes, TimeProvider time, ILogger<Pruning> log)
    : Watch(TimeSpan.FromMinutes(1), scopes, time, log)
{
    /// <summary>
    /// How long what expires by itself is kept afterwards: longer than clocks differ, so that nothing goes that another
    /// node still takes.
    /// </summary>
    public static readonly TimeSpan KeptAfterExpiry = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan everythingEvery = TimeSpan.FromHours(1);

    private DateTimeOffset everythingAt = time.GetUtcNow() + everythingEvery;

    /// <summary>For so long, who asks about a failure still finds what it was about.</summary>
    public static readonly TimeSpan KeptAfterTheEnd = TimeSpan.FromDays(7);

    private const int RowsAtOnce = 500;
    private const int OwnersAtOnce = 50;

    /// <summary>Deletes some rows of what ended before a time; tells how many.</summary>
    private delegate Task<int> Step(AuthDbContext db, DateTime end, CancellationToken cancellation);

    /// <summary>Throws away everything that has ended for long enough.</summary>
    public async Task Prune(CancellationToken cancellation)
    {
        await PruneExpired(cancellation);
        foreach (var key in await KeyIds(cancellation))
            await Repeat((db, end, token) => Expired(db.Tokens, key, end, token), KeptAfterTheEnd, cancellation);
        // What points to others goes before them.
        foreach (var step in new Step[]
        {
            TokensOfEndedSets, TokensOfEndedFamilies, GrantsWithoutTokens, Sessions, Invitations, UsedChallenges,
            SignInAttempts,
        })
        {
            await Repeat(step, KeptAfterTheEnd, cancellation);
        }
    }

    /// <summary>Throws away what clients make many of.</summary>
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

    protected override async Task Look(IServiceProvider services, CancellationToken cancellation)
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

    /// <summary>Those of one key, as the index wants it.</summary>
    private static Task<int> Expired(
        IQueryable<Token> tokens, string keyId, DateTime end, CancellationToken cancellation) =>
        tokens.Where(token => token.KeyId == keyId && token.ExpirationDate < end)
            .OrderBy(token => token.ExpirationDate).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);

    /// <summary>Refresh tokens, above all: they end with their set only.</summary>
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
    /// Those of a family that was revoked or replaced. Nobody wrote down when the former happened, but it gave no token
    /// since.
    /// </summary>
    private static async Task<int> TokensOfEndedFamilies(AuthDbContext db, DateTime end, CancellationToken cancellation)
    {
        var families = await db.Grants
            .Where(grant => grant.Status != Statuses.Valid || grant.ReplacedAt < end)
            .Where(grant => grant.Tokens.Any() && !grant.Tokens.Any(token => token.CreationDate >= end))
            .OrderBy(grant => grant.Id).Take(OwnersAtOnce).Select(grant => grant.Id).ToListAsync(cancellation);
        return await db.Tokens.Where(token => families.Contains(token.Authorization!.Id))
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
    /// Those of which nothing is left (<see cref="SignInBudget"/>). Most were strangers', so they do not stay for a
    /// week.
    /// </summary>
    private static Task<int> SignInAttempts(AuthDbContext db, DateTime end, CancellationToken cancellation)
    {
        var past = end + KeptAfterTheEnd - Auth.Server.Administrators.SignInAttempts.TimeToReturn;
        return db.SignInAttempts
            .Where(
                attempts =>
                    attempts.ForgottenAt < past && (attempts.BlockedUntil == null || attempts.BlockedUntil < past))
            .OrderBy(attempts => attempts.Key).Take(RowsAtOnce).ExecuteDeleteAsync(cancellation);
    }
}
