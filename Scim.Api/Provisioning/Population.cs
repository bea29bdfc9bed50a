using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Scim.Api.Data;

namespace Scim.Api.Provisioning;

/// <summary>How many users an account has. Writers of the account lock its row.</summary>
internal sealed class Population
{
    public required Guid AccountId { get; init; }

    /// <summary>Users that are not deleted, active or not: the <c>totalResults</c> of an unfiltered list.</summary>
    public int Users { get; set; }

    public sealed class Configuration : IEntityTypeConfiguration<Population>
    {
        public void Configure(EntityTypeBuilder<Population> population)
        {
            population.ToTable("Populations");
            population.HasKey(p => p.AccountId);
            population.Property(p => p.AccountId).ValueGeneratedNever();
        }
    }
}

/// <summary>Counts the users of an account, and locks it for one writer at a time.</summary>
internal static class Populations
{
    public static Task<int> CountUsers(this ScimDbContext db, Guid accountId, CancellationToken cancellation) =>
        db.Set<Population>().Where(p => p.AccountId == accountId).Select(p => p.Users)
            .SingleOrDefaultAsync(cancellation);

    /// <summary>
    /// Locks the account for the rest of the transaction, so that what the transaction reads (names, addresses, seats)
    /// is still true when it commits: on PostgreSQL, an upsert that changes nothing locks the row. SQLite has only one
    /// writer anyway.
    /// </summary>
    public static Task LockAccount(this ScimDbContext db, Guid accountId, CancellationToken cancellation) =>
        db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "Populations" ("AccountId", "Users") VALUES ({accountId}, 0)
            ON CONFLICT ("AccountId") DO UPDATE SET "Users" = "Populations"."Users"
            """,
            cancellation);

    public static Task ChangeUsers(this ScimDbContext db, Guid accountId, int by, CancellationToken cancellation) =>
        db.Set<Population>().Where(p => p.AccountId == accountId)
            .ExecuteUpdateAsync(set => set.SetProperty(p => p.Users, p => p.Users + by), cancellation);
}
