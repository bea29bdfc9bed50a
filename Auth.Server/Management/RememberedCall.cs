using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Management;

/// <summary>
/// A call of the management API that changed something, stored with the <c>Idempotency-Key</c> of its caller. It is
/// written in the transaction of the change, so that a crash leaves both or neither.
/// </summary>
internal sealed class RememberedCall
{
    /// <summary>The caller. Its calls are deleted with it.</summary>
    public required Guid CallerId { get; init; }

    public required string Key { get; init; }

    /// <summary>SHA-256 of method, path and body. A key stands for one request.</summary>
    public required string Hash { get; init; }

    /// <summary>When the call was made, UTC.</summary>
    public required DateTime At { get; init; }

    /// <summary>The HTTP status of its response.</summary>
    public required int Status { get; init; }

    /// <summary>The credential set that it was about.</summary>
    public required Guid CredentialSetId { get; init; }

    /// <summary>The number of the event for the nodes, if the call ended a set.</summary>
    public required long? Event { get; init; }

    /// <summary>
    /// The client secret or direct JWT, encrypted by Data Protection for this call; deleted after a few minutes.
    /// </summary>
    public string? ProtectedSecret { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<RememberedCall>
    {
        public void Configure(EntityTypeBuilder<RememberedCall> call)
        {
            call.ToTable("RememberedCalls");
            call.HasKey(c => new { c.CallerId, c.Key });
            call.Property(c => c.Key).HasMaxLength(IdempotencyKey.MaxLength);
            call.Property(c => c.Hash).HasMaxLength(64);
            call.HasOne<Client>().WithMany().HasForeignKey(c => c.CallerId);
            call.HasOne<CredentialSet>().WithMany().HasForeignKey(c => c.CredentialSetId);
            call.HasIndex(c => c.At);
        }
    }
}

/// <summary>The table of remembered calls.</summary>
internal static class RememberedCallTables
{
    extension(AuthDbContext db)
    {
        public DbSet<RememberedCall> RememberedCalls => db.Set<RememberedCall>();
    }
}
