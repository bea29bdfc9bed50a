using Auth.Server.Accounts;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Administrators;

/// <summary>
/// A person who signs in to the portal, for one account. Whoever administers several accounts is a separate administrator in
/// each, under the same e-mail address or another: nobody has verified that an address is its owner's, so what is set up under
/// it in one account (password, second factors, invitations) must open nothing in another. The user name, which Identity wants
/// to be unique, is the id.
/// </summary>
internal sealed class Administrator : IdentityUser<Guid>
{
    public required Guid AccountId { get; init; }

    public Account Account { get; init; } = null!;

    internal sealed class Configuration : IEntityTypeConfiguration<Administrator>
    {
        public void Configure(EntityTypeBuilder<Administrator> administrator)
        {
            administrator.HasOne(a => a.Account).WithMany().HasForeignKey(a => a.AccountId);
            administrator.HasIndex(a => new { a.AccountId, a.NormalizedEmail }).IsUnique();
        }
    }
}
