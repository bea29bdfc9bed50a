using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Scim.Api.Data;

namespace Scim.Api.Provisioning;

/// <summary>How many users an account has.</summary>
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

/// <summary>Counts the users of an account.</summary>
internal static class Populations
{
    public static Task<int> CountUsers(this ScimDbContext db, Guid accountId, CancellationToken cancellation) =>
        db.Set<Population>().Where(p => p.AccountId == accountId).Select(p => p.Users)
            .SingleOrDefaultAsync(cancellation);
}
