using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Credentials;

/// <summary>
/// The current and former credential sets of an account, without their secrets. Whether a set has expired is decided by
/// the clock, not by the recorded state.
/// </summary>
internal sealed class CredentialHistory(AuthDbContext db, TimeProvider time)
{
    /// <summary>The time that decides whether a set has expired, UTC.</summary>
    public DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>The account's live set, if it has one.</summary>
    public async Task<CredentialSet?> FindActive(Guid accountId, CancellationToken cancellation)
    {
        var set = await db.CredentialSets.AsNoTracking().SingleOrDefaultAsync(
            set => set.AccountId == accountId && set.State == CredentialSetState.Active, cancellation);
        return set?.IsLive(Now) == true ? set : null;
    }

    /// <summary>The account's staged set, if it has one that can still be activated.</summary>
    public async Task<CredentialSet?> FindStaged(Guid accountId, CancellationToken cancellation)
    {
        var set = await db.CredentialSets.AsNoTracking().SingleOrDefaultAsync(
            set => set.AccountId == accountId && set.State == CredentialSetState.Staged, cancellation);
        return set?.IsUsable(Now) == true ? set : null;
    }

    /// <summary>The set that was active last, if the account has no live set.</summary>
    public async Task<CredentialSet?> FindLast(Guid accountId, CancellationToken cancellation) =>
        (await Activated(accountId).FirstOrDefaultAsync(cancellation))?.AsOf(Now)
            is { State: CredentialSetState.Ended } last ? last : null;

    /// <summary>The set that was active before another, if there was one.</summary>
    public async Task<CredentialSet?> FindBefore(CredentialSet set, CancellationToken cancellation) =>
        (await Activated(set.AccountId).FirstOrDefaultAsync(before => before.Generation < set.Generation, cancellation))
            ?.AsOf(Now);

    /// <summary>One set of an account.</summary>
    /// <exception cref="ProblemException">The account has no such set (404).</exception>
    public async Task<CredentialSet> Get(Guid accountId, Guid setId, CancellationToken cancellation) =>
        await Find(accountId, setId, cancellation)
        ?? throw ProblemException.NotFound($"The account has no credential set {setId}.");

    /// <summary>One set of an account, if it has such a set.</summary>
    public async Task<CredentialSet?> Find(Guid accountId, Guid setId, CancellationToken cancellation) =>
        (await db.CredentialSets.AsNoTracking().SingleOrDefaultAsync(
            set => set.AccountId == accountId && set.Id == setId, cancellation))?.AsOf(Now);

    /// <summary>All sets of an account, the newest first.</summary>
    public async Task<List<CredentialSet>> List(Guid accountId, CancellationToken cancellation)
    {
        var sets = await db.CredentialSets.AsNoTracking().Where(set => set.AccountId == accountId)
            .OrderByDescending(set => set.CreatedAt).ThenByDescending(set => set.Id).ToListAsync(cancellation);
        return [.. sets.Select(set => set.AsOf(Now))];
    }

    private IQueryable<CredentialSet> Activated(Guid accountId) => db.CredentialSets.AsNoTracking()
        .Where(set => set.AccountId == accountId && set.Generation != null)
        .OrderByDescending(set => set.Generation);
}
