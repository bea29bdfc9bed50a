using Auth.Server.Accounts;
using Auth.Server.Data;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Administrators;

/// <summary>
/// A person who signs in to the portal, for one account. Somebody who administers several accounts is a separate
/// administrator in each, with the same e-mail address or different ones. Addresses are not verified, so what is set up
/// for an address in one account (password, second factors, invitations) must give no access to another. Without an
/// account, it is an operator, who signs in to the console (<see cref="Site"/>). The user name, which Identity requires
/// to be unique, is the id.
/// </summary>
internal sealed class Administrator : IdentityUser<Guid>
{
    /// <summary>The account that is administered; null for an operator.</summary>
    public required Guid? AccountId { get; init; }

    public Account? Account { get; init; }

    /// <summary>Whether the administrator can look at everything, but change only how they sign in.</summary>
    public bool ReadOnly { get; set; }

    private const int MaxNameLength = 256;

    internal sealed class Configuration : IEntityTypeConfiguration<Administrator>
    {
        public void Configure(EntityTypeBuilder<Administrator> administrator)
        {
            // As in Identity's own DbContext.
            administrator.ToTable("AspNetUsers");
            administrator.HasIndex(a => a.NormalizedUserName).HasDatabaseName("UserNameIndex").IsUnique();
            administrator.HasIndex(a => a.NormalizedEmail).HasDatabaseName("EmailIndex");
            administrator.Property(a => a.ConcurrencyStamp).IsConcurrencyToken();
            administrator.Property(a => a.UserName).HasMaxLength(MaxNameLength);
            administrator.Property(a => a.NormalizedUserName).HasMaxLength(MaxNameLength);
            administrator.Property(a => a.Email).HasMaxLength(MaxNameLength);
            administrator.Property(a => a.NormalizedEmail).HasMaxLength(MaxNameLength);

            administrator.HasOne(a => a.Account).WithMany().HasForeignKey(a => a.AccountId)
                .OnDelete(DeleteBehavior.Cascade);
            administrator.HasIndex(a => new { a.AccountId, a.NormalizedEmail }).IsUnique();
            // For a unique index, two rows without an account are different.
            administrator.HasIndex(a => a.NormalizedEmail, "One_operator_per_email").IsUnique()
                .HasFilter("\"AccountId\" IS NULL");
        }
    }
}

/// <summary>Tables that Identity's store needs; they stay empty.</summary>
internal sealed class IdentityTables
    : IEntityTypeConfiguration<IdentityUserClaim<Guid>>,
        IEntityTypeConfiguration<IdentityUserLogin<Guid>>,
        IEntityTypeConfiguration<IdentityUserToken<Guid>>
{
    public void Configure(EntityTypeBuilder<IdentityUserClaim<Guid>> claim)
    {
        claim.ToTable("AspNetUserClaims");
        claim.HasOne<Administrator>().WithMany().HasForeignKey(c => c.UserId);
    }

    public void Configure(EntityTypeBuilder<IdentityUserLogin<Guid>> login)
    {
        login.ToTable("AspNetUserLogins");
        login.HasKey(l => new { l.LoginProvider, l.ProviderKey });
        login.HasOne<Administrator>().WithMany().HasForeignKey(l => l.UserId);
    }

    public void Configure(EntityTypeBuilder<IdentityUserToken<Guid>> token)
    {
        token.ToTable("AspNetUserTokens");
        token.HasKey(t => new { t.UserId, t.LoginProvider, t.Name });
        token.HasOne<Administrator>().WithMany().HasForeignKey(t => t.UserId);
    }
}

/// <summary>The table of administrators.</summary>
internal static class AdministratorTables
{
    extension(AuthDbContext db)
    {
        public DbSet<Administrator> Administrators => db.Set<Administrator>();

        /// <summary>
        /// Locks an administrator's row on PostgreSQL until the transaction ends; false if there is none. Lock it
        /// before an event is published, as everybody does.
        /// </summary>
        public async Task<bool> LockAdministrator(Guid id, CancellationToken cancellation) =>
            await db.Administrators.Where(administrator => administrator.Id == id).ExecuteUpdateAsync(
                change => change.SetProperty(one => one.AccessFailedCount, one => one.AccessFailedCount),
                cancellation) > 0;
    }
}
