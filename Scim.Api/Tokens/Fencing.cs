using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>Holds callers against their account's <see cref="Fence"/>: as they are let in and as they write.</summary>
internal static class Fencing
{
    /// <summary>
    /// Whether the set is the newest that was ever let in. A newer one raises the fence, durably, before its request
    /// goes on.
    /// </summary>
    public static async Task<bool> Admits(
        this ScimDbContext db,
        Guid accountId,
        TokenIntrospection.CredentialSetReference set,
        CancellationToken cancellation)
    {
        var fence = await db.FenceOf(accountId).SingleOrDefaultAsync(cancellation);
        if (fence is null || fence.Generation < set.Generation)
        {
            await db.Raise(accountId, set.Generation, set.Id, cancellation);
            fence = await db.FenceOf(accountId).SingleAsync(cancellation);
        }
        return Matches(fence, set);
    }

    /// <summary>
    /// Raises the fence as an event says. Once it is done, no write of a lower generation is under way on any node: the
    /// fence waits for those that hold it, or somebody has raised it, and waited, before.
    /// </summary>
    public static async Task RaiseFence(
        this ScimDbContext db, Guid accountId, long generation, Guid setId, CancellationToken cancellation)
    {
        var fence = await db.FenceOf(accountId).SingleOrDefaultAsync(cancellation);
        if (fence is null || fence.Generation < generation)
            await db.Raise(accountId, generation, setId, cancellation);
    }

    /// <summary>
    /// Begins the transaction of a write and locks the fence, so that none can be raised between here and the commit. A
    /// caller whose set was replaced meanwhile is refused (401). If it is not sure that the caller still stands, here or
    /// last before COMMIT, the write is refused as one that may be tried again (503).
    /// </summary>
    public static async Task<WriteTransaction> BeginWrite(
        this ScimDbContext db, Caller caller, CancellationToken cancellation)
    {
        var write = await db.BeginWrite(cancellation);
        try
        {
            var freshness = db.GetService<Freshness>();
            if (caller.Asked is { } asked)
            {
                write.Guard(
                    lastCheck: () => Require(freshness.MayCommit(asked)),
                    ended: db.GetService<WritesUnderWay>().Begin(caller.AccountId));
                // Events of the account are the fence's matter, but for administrators, who have none. What is to be
                // forgotten of everybody raises no fence.
                Require(freshness.IsCurrent(caller.CredentialSet is null ? caller.AccountId : null, asked));
            }
            if (caller.CredentialSet is { } set
                && !Matches(await db.Lock(caller.AccountId).SingleOrDefaultAsync(cancellation), set))
                throw new ScimException(TokenErrors.NoLongerActive());
            return write;
        }
        catch
        {
            await write.DisposeAsync();
            throw;
        }
    }

    private static void Require(bool isSure)
    {
        if (!isSure)
            throw new ScimException(TokenErrors.NotSure());
    }

    private static bool Matches(Fence? fence, TokenIntrospection.CredentialSetReference set) =>
        fence is not null && fence.Generation == set.Generation && fence.CredentialSetId == set.Id;

    private static IQueryable<Fence> FenceOf(this ScimDbContext db, Guid accountId) =>
        db.Set<Fence>().AsNoTracking().Where(fence => fence.AccountId == accountId);

    // SQLite's writer is alone already; elsewhere the row is locked against being raised.
    private static IQueryable<Fence> Lock(this ScimDbContext db, Guid accountId) => db.Database.IsSqlite()
        ? db.FenceOf(accountId)
        : db.Set<Fence>()
            .FromSql($"""SELECT * FROM "Fences" WHERE "AccountId" = {accountId} FOR SHARE""")
            .AsNoTracking();

    /// <summary>One statement, so that of two raises at once the higher stays, in whatever order they come.</summary>
    private static async Task Raise(
        this ScimDbContext db,
        Guid accountId,
        long generation,
        Guid setId,
        CancellationToken cancellation)
    {
        await using var write = await db.BeginWrite(cancellation);
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "Fences" ("AccountId", "Generation", "CredentialSetId")
            VALUES ({accountId}, {generation}, {setId})
            ON CONFLICT ("AccountId") DO UPDATE
            SET "Generation" = excluded."Generation", "CredentialSetId" = excluded."CredentialSetId"
            WHERE "Fences"."Generation" < excluded."Generation"
            """,
            cancellation);
        await write.Commit(cancellation);
    }
}
