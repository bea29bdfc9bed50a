using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Keys;

/// <summary>
/// A key of this server, shared by all its nodes and stored encrypted by Data Protection. Its times determine its
/// <see cref="KeyState"/>. The row stays when the key itself is deleted, as tokens refer to it.
/// </summary>
internal sealed class ServerKey
{
    /// <summary>The <c>kid</c> (RFC 7517 §4.5).</summary>
    public required string Id { get; init; }

    public required KeyUse Use { get; init; }

    /// <summary>The position among the keys of the same use, from 1. A unique index prevents duplicates.</summary>
    public required int Number { get; init; }

    /// <summary>
    /// The encrypted key: PKCS #8 for a P-256 key, 32 bytes for a symmetric one; empty when the key is deleted.
    /// </summary>
    public required byte[] ProtectedKey { get; set; }

    /// <summary>When the key was created and published, UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>From when the key is active, UTC; until a key with a higher number is.</summary>
    public required DateTime ActiveFrom { get; set; }

    /// <summary>When the key was deleted because no valid token needed it, UTC.</summary>
    public DateTime? ForgottenAt { get; set; }

    /// <summary>
    /// When an operator withdrew the key as compromised, which invalidated everything made with it, UTC.
    /// </summary>
    public DateTime? WithdrawnAt { get; set; }

    internal sealed class Configuration : IEntityTypeConfiguration<ServerKey>
    {
        public void Configure(EntityTypeBuilder<ServerKey> key)
        {
            key.ToTable("Keys");
            key.Property(k => k.Use).HasConversion<string>().HasMaxLength(20);
            key.HasIndex(k => new { k.Use, k.Number }).IsUnique();
        }
    }
}

/// <summary>What a key is for.</summary>
internal enum KeyUse
{
    /// <summary>ES256 signatures of access tokens; the public key is published.</summary>
    Signing,

    /// <summary>Encryption of codes and refresh tokens, which only this server reads.</summary>
    Encryption,
}

/// <summary>The table of keys.</summary>
internal static class ServerKeyTables
{
    extension(AuthDbContext db)
    {
        public DbSet<ServerKey> Keys => db.Set<ServerKey>();
    }
}
