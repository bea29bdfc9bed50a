using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Administrators;

/// <summary>
/// A link with which a person sets a password, once: to become an administrator or operator, or because the password is
/// lost. Only the SHA-256 of the code in the link is stored.
/// </summary>
internal sealed class Invitation
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(72);

    /// <summary>How long a link is valid that was sent by e-mail because somebody asked for it.</summary>
    public static readonly TimeSpan EmailLifetime = TimeSpan.FromHours(1);

    public Guid Id { get; init; } = Guid.CreateVersion7();

    /// <summary>The account to administer; null for an operator.</summary>
    public required Guid? AccountId { get; init; }

    public Accounts.Account? Account { get; init; }

    public required string Email { get; init; }

    /// <summary>
    /// The address as normalized by <see cref="EmailNormalizer"/>. It has at most one invitation in an account.
    /// </summary>
    public required string EmailKey { get; init; }

    public required string CodeHash { get; init; }

    /// <summary>Whose password will be reset; null for an invitation.</summary>
    public Guid? AdministratorId { get; init; }

    public Administrator? Administrator { get; init; }

    /// <summary>Whether the person becomes a read-only administrator.</summary>
    public bool ReadOnly { get; init; }

    public required DateTime CreatedAt { get; init; }

    /// <summary>The address of an administrator, or a description of an operator.</summary>
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
            invitation.HasIndex(i => i.EmailKey, "One_invitation_per_operator").IsUnique()
                .HasFilter("\"AccountId\" IS NULL");
            invitation.HasOne(i => i.Account).WithMany().HasForeignKey(i => i.AccountId)
                .OnDelete(DeleteBehavior.Cascade);
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
