using Auth.Server.Accounts;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Administrators;

/// <summary>A person who signs in to the portal, for one account.</summary>
internal sealed class Administrator : IdentityUser<Guid>
{
    public required Guid AccountId { get; init; }

    public Account Account { get; init; } = null!;

    internal sealed class Configuration : IEntityTypeConfiguration<Administrator>
    {
        public void Configure(EntityTypeBuilder<Administrator> administrator) =>
            administrator.HasOne(a => a.Account).WithMany().HasForeignKey(a => a.AccountId);
    }
}

/// <summary>From a sign-in to its end. The portal's cookie names it, and so do the portal's tokens.</summary>
internal sealed class AdministratorSession
{
    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required Guid AdministratorId { get; init; }

    public Administrator Administrator { get; init; } = null!;

    public required DateTime StartedAt { get; init; }

    /// <summary>When the session ends by itself, UTC.</summary>
    public required DateTime ExpiresAt { get; init; }

    public DateTime? EndedAt { get; set; }

    internal sealed class Configuration : IEntityTypeConfiguration<AdministratorSession>
    {
        public void Configure(EntityTypeBuilder<AdministratorSession> session)
        {
            session.Property(s => s.Id).ValueGeneratedNever();
            session.HasOne(s => s.Administrator).WithMany().HasForeignKey(s => s.AdministratorId);
        }
    }
}
