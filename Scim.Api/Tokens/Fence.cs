using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Scim.Api.Tokens;

/// <summary>
/// The highest generation of credential sets that was ever let in for an account, or that an event told of. It is only
/// raised, never lowered, whatever introspection says.
/// </summary>
internal sealed class Fence
{
    /// <summary>The set of a generation that was ended without a successor.</summary>
    public static readonly Guid Nobody = Guid.Empty;

    public Guid AccountId { get; init; }

    public long Generation { get; init; }

    /// <summary>The set of that generation; another set that claims the same generation is refused.</summary>
    public Guid CredentialSetId { get; init; }

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
