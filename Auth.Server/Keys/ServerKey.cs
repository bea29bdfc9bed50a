using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Keys;

/// <summary>
/// A key of this server, shared by all its nodes and stored encrypted by Data Protection. Its times say where it is in
/// its life (<see cref="KeyState"/>). The row stays when the key itself is gone: tokens point to it.
/// </summary>
internal sealed class ServerKey
{
    /// <summary>The <c>kid</c> (RFC 7517 §4.5).</summary>
    public required string Id { get; init; }

    public required KeyUse Use { get; init; }

    /// <summary>The place among the keys of the same use, from 1. No two have the same: the database says so.</summary>
    public required int Number { get; init; }

    /// <summary>
    /// PKCS #8 of a P-256 key, or 32 bytes of a symmetric one, protected; empty when the key is gone.
    /// </summary>
    public required byte[] ProtectedKey { get; set; }

    /// <summary>Since when the key is published, UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>From when the key is used, until one with a higher number is, UTC.</summary>
    public required DateTime ActiveFrom { get; set; }

    /// <summary>When the last token made with the key was dead, and the key was thrown away, UTC.</summary>
    public DateTime? ForgottenAt { get; set; }

    /// <summary>When an operator said that somebody else may have the key, and all made with it died, UTC.</summary>
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
    /// <summary>ES256 signatures of access tokens; its public half is published.</summary>
    Signing,

    /// <summary>Codes and refresh tokens, which only this server reads.</summary>
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
