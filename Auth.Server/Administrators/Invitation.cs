using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Administrators;

/// <summary>
/// A link with which one person sets a password, once: to become an administrator, or because the password is lost. The
/// code in the link is kept as its SHA-256 only.
/// </summary>
internal sealed class Invitation
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(72);

    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required Guid AccountId { get; init; }

    public Accounts.Account Account { get; init; } = null!;

    public required string Email { get; init; }

    /// <summary>The <see cref="EmailNormalizer"/>; in an account it has one invitation at a time.</summary>
    public required string EmailKey { get; init; }

    public required string CodeHash { get; init; }

    /// <summary>Whose password is to be set anew; null in an invitation.</summary>
    public Guid? AdministratorId { get; init; }

    public Administrator? Administrator { get; init; }

    public required DateTime CreatedAt { get; init; }

    /// <summary>An administrator's address, or words for an operator.</summary>
    public required string CreatedBy { get; init; }

    public required DateTime ExpiresAt { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<Invitation>
    {
        public void Configure(EntityTypeBuilder<Invitation> invitation)
        {
            invitation.ToTable("Invitations");
            invitation.Property(i => i.Id).ValueGeneratedNever();
            invitation.HasIndex(i => i.CodeHash).IsUnique();
            invitation.HasIndex(i => new { i.AccountId, i.EmailKey }).IsUnique();
            invitation.HasOne(i => i.Account).WithMany().HasForeignKey(i => i.AccountId);
            invitation.HasOne(i => i.Administrator).WithMany().HasForeignKey(i => i.AdministratorId)
                .OnDelete(DeleteBehavior.Cascade);
        }
    }
}

/// <summary>The table of invitations.</summary>
internal static class InvitationTables
{
    extension(AuthDbContext db)
    {
        public DbSet<Invitation> Invitations => db.Set<Invitation>();
    }
}
