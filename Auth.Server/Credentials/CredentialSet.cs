using Auth.Server.Accounts;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Credentials;

/// <summary>
/// What an account's identity provider needs to get in. Everything issued under it lives and dies with it, and an account
/// has at most one that is active: the database says so.
/// </summary>
internal sealed class CredentialSet
{
    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required Guid AccountId { get; init; }

    public Account Account { get; init; } = null!;

    /// <summary>One of <see cref="Shared.Contracts.CredentialMethods"/>.</summary>
    public required string Method { get; init; }

    public required CredentialSetState State { get; set; }

    /// <summary>Given when the set becomes active; larger than that of any set of the account before.</summary>
    public long? Generation { get; set; }

    /// <summary>The OAuth client id; a direct JWT has none.</summary>
    public string? ClientId { get; init; }

    /// <summary>The end of the secret or token, by which people recognise it; empty if the client has keys of its own.</summary>
    public string LastFour { get; set; } = "";

    public required DateTime CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    public DateTime? ActivatedAt { get; set; }

    /// <summary>The key that signed the direct JWT; the set ends if it is withdrawn.</summary>
    public string? KeyId { get; set; }

    public Keys.ServerKey? Key { get; init; }

    /// <summary>When the set ends by itself, UTC; null if it does not.</summary>
    public DateTime? ExpiresAt { get; init; }

    public DateTime? EndedAt { get; set; }

    public string? EndedBy { get; set; }

    public CredentialSetEnd? EndReason { get; set; }

    /// <summary>Whether the set admits anybody at a time: it is active and has not run out.</summary>
    public bool IsLive(DateTime now) => IsLive(State, ExpiresAt, now);

    /// <summary>Whether a set in this state, with this end, admits anybody at a time.</summary>
    public static bool IsLive(CredentialSetState state, DateTime? expiresAt, DateTime now) =>
        state == CredentialSetState.Active && (expiresAt is null || expiresAt > now);

    internal sealed class Configuration : IEntityTypeConfiguration<CredentialSet>
    {
        public void Configure(EntityTypeBuilder<CredentialSet> set)
        {
            set.Property(s => s.Id).ValueGeneratedNever();
            set.Property(s => s.State).HasConversion<string>().HasMaxLength(20);
            set.Property(s => s.EndReason).HasConversion<string>().HasMaxLength(20);
            set.HasOne(s => s.Account).WithMany().HasForeignKey(s => s.AccountId);
            set.HasOne(s => s.Key).WithMany().HasForeignKey(s => s.KeyId);
            set.HasIndex(s => new { s.AccountId, s.CreatedAt });
            set.HasIndex(s => s.AccountId, "One_active_set_per_account").IsUnique().HasFilter("\"State\" = 'Active'");
            set.HasIndex(s => s.AccountId, "One_staged_set_per_account").IsUnique().HasFilter("\"State\" = 'Staged'");
        }
    }
}

/// <summary>The life of a credential set: staged, active, ended, in this order.</summary>
internal enum CredentialSetState
{
    Staged,
    Active,
    Ended,
}

/// <summary>Why a credential set ended.</summary>
internal enum CredentialSetEnd
{
    Superseded,
    Revoked,
    Expired,

    /// <summary>The key that signed its token was withdrawn.</summary>
    KeyWithdrawn,
}
