using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Keys;

/// <summary>A key of this server, shared by all its nodes and stored encrypted by Data Protection.</summary>
internal sealed class ServerKey
{
    /// <summary>The <c>kid</c> (RFC 7517 §4.5).</summary>
    public required string Id { get; init; }

    public required KeyUse Use { get; init; }

    /// <summary>PKCS #8 of a P-256 key, or 32 bytes of a symmetric one, protected.</summary>
    public required byte[] ProtectedKey { get; init; }

    public required DateTime CreatedAt { get; init; }

    /// <summary>When the key was last used to sign or encrypt, UTC; null while it still is.</summary>
    public DateTime? RetiredAt { get; set; }

    internal sealed class Configuration : IEntityTypeConfiguration<ServerKey>
    {
        public void Configure(EntityTypeBuilder<ServerKey> key)
        {
            key.Property(k => k.Use).HasConversion<string>().HasMaxLength(20);
            key.HasIndex(k => k.Use, "One_key_in_use").IsUnique().HasFilter("\"RetiredAt\" IS NULL");
        }
    }
}

/// <summary>What a key is for.</summary>
internal enum KeyUse
{
    /// <summary>ES256 signatures of tokens; its public half is published.</summary>
    Signing,

    /// <summary>Codes and refresh tokens, which only this server reads.</summary>
    Encryption,
}
