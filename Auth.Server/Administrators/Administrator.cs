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
