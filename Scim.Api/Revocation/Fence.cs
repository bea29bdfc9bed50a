using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Scim.Api.Data;
using Shared.Contracts;
using Shared.Hosting.Data;

namespace Scim.Api.Revocation;

/// <summary>
/// One row per account: the highest generation of credential sets that was ever admitted or reported by an event. It is
/// never lowered, whatever introspection says.
/// </summary>
internal sealed class Fence
{
    /// <summary>The set of a generation that no set has, because a set ended without a successor.</summary>
    public static readonly Guid NoSet = Guid.Empty;

    public Guid AccountId { get; init; }

    public long Generation { get; init; }

    /// <summary>The set of that generation. Another set that claims the same generation is refused.</summary>
    public Guid CredentialSetId { get; init; }

    /// <summary>Whether the set is the one the fence admits.</summary>
    public bool Admits(TokenIntrospection.CredentialSetReference set) =>
        Generation == set.Generation && CredentialSetId == set.Id;

    /// <summary>Reads the result of <see cref="FenceQueries.LockFence"/>.</summary>
    public static Fence Read(DbDataReader row) => new()
    {
        AccountId = row.GetGuid(0),
        Generation = row.GetInt64(1),
        CredentialSetId = row.GetGuid(2),
    };

    public sealed class Configuration : IEntityTypeConfiguration<Fence>
    {
        public void Configure(EntityTypeBuilder<Fence> fence)
        {
            fence.ToTable("Fences");
            fence.HasKey(f => f.AccountId);
            fence.Property(f => f.AccountId).ValueGeneratedNever();
        }
    }
}

/// <summary>Reads, locks and raises the <see cref="Fence"/> of an account.</summary>
internal static class FenceQueries
{
    /// <summary>
    /// Whether the set is the newest that was ever admitted. A newer set raises the fence, committed before its request
    /// continues.
    /// </summary>
    public static async Task<bool> FenceAdmits(
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
        return fence.Admits(set);
    }

    /// <summary>
    /// Reads the fence, if the account has one, and locks it so that it cannot be raised before this transaction ends.
    /// SQLite has one writer, which is this transaction.
    /// </summary>
    public static void LockFence(this SqlBatch batch, Guid accountId) => batch.Add(
        $"""
        SELECT "AccountId", "Generation", "CredentialSetId" FROM "Fences" WHERE "AccountId" = $1
        {(batch.IsPostgres ? "FOR SHARE" : "")}
        """,
        accountId);

    /// <summary>
    /// Raises the fence to the generation of an event. When this returns, no write of a lower generation is in progress
    /// on any node: raising the fence waits for the writes that hold it, and a node that raised it before has waited.
    /// </summary>
    public static async Task RaiseFence(
        this ScimDbContext db, Guid accountId, long generation, Guid setId, CancellationToken cancellation)
    {
        var fence = await db.FenceOf(accountId).SingleOrDefaultAsync(cancellation);
        if (fence is null || fence.Generation < generation)
            await db.Raise(accountId, generation, setId, cancellation);
    }

    private static IQueryable<Fence> FenceOf(this ScimDbContext db, Guid accountId) =>
        db.Set<Fence>().AsNoTracking().Where(fence => fence.AccountId == accountId);

    /// <summary>
    /// A single statement, so that the higher of two concurrent raises remains, in whatever order they run.
    /// </summary>
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
