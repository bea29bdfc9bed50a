using Auth.Server.Accounts;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Credentials;

/// <summary>
/// The credentials with which an account's identity provider authenticates. Everything issued under a set ends with it.
/// An account has at most one active set, which a unique index ensures.
/// </summary>
internal sealed class CredentialSet
{
    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required Guid AccountId { get; init; }

    public Account Account { get; init; } = null!;

    /// <summary>One of <see cref="Shared.Contracts.CredentialMethods"/>.</summary>
    public required string Method { get; init; }

    public required CredentialSetState State { get; set; }

    /// <summary>Assigned when the set becomes active; larger than that of any earlier set of the account.</summary>
    public long? Generation { get; set; }

    /// <summary>The OAuth client id; null for a direct JWT.</summary>
    public string? ClientId { get; init; }

    /// <summary>
    /// The last four characters of the secret or token, by which people recognise it; empty if
    /// the client has its own keys.
    /// </summary>
    public string LastFour { get; set; } = "";

    public required DateTime CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    /// <summary>How a staged set is activated; null if the set was active from the beginning.</summary>
    public Activation? Activation { get; init; }

    /// <summary>Until when a staged set can be activated, UTC; then it expires.</summary>
    public DateTime? ActivateBefore { get; init; }

    public DateTime? ActivatedAt { get; set; }

    /// <summary>A display name of who activated it.</summary>
    public string? ActivatedBy { get; set; }

    /// <summary>The number of the event that announces the activation to the nodes of <c>Scim.Api</c>.</summary>
    public long? ActivationEvent { get; set; }

    /// <summary>
    /// When it was certain that no node accepts the previous set any more, UTC. Until then, an active set is refused.
    /// </summary>
    public DateTime? ConfirmedAt { get; set; }

    /// <summary>The outcome of that wait, for people to read: <see cref="Events.Confirmation"/>.</summary>
    public string? Confirmation { get; set; }

    /// <summary>When <c>Scim.Api</c> accepted the first request with it, UTC.</summary>
    public DateTime? FirstUsedAt { get; set; }

    /// <summary>The last request that <c>Scim.Api</c> accepted with it; at most a minute out of date.</summary>
    public Use? LastUse { get; set; }

    /// <summary>
    /// The last request with the set, or for a token, that was refused because the set has ended; at
    /// most a minute out of date.
    /// </summary>
    public Use? LastRefusal { get; set; }

    /// <summary>The key that signed the direct JWT; if it is withdrawn, the set ends.</summary>
    public string? KeyId { get; set; }

    public Keys.ServerKey? Key { get; init; }

    /// <summary>When the set expires, UTC; null if it does not.</summary>
    public DateTime? ExpiresAt { get; init; }

    public DateTime? EndedAt { get; set; }

    public string? EndedBy { get; set; }

    public CredentialSetEnd? EndReason { get; set; }

    /// <summary>
    /// The state of the set at a given time, for reading only: an expired set has ended, whether or not
    /// <see cref="CredentialWatch"/> has recorded that yet.
    /// </summary>
    public CredentialSet AsOf(DateTime now)
    {
        if (State == CredentialSetState.Ended || IsUsable(now))
            return this;
        var end = State == CredentialSetState.Staged && !(ActivateBefore >= ExpiresAt) ? ActivateBefore : ExpiresAt;
        (State, EndedAt, EndedBy, EndReason) =
            (CredentialSetState.Ended, end, CredentialSets.ByServer, CredentialSetEnd.Expired);
        return this;
    }

    /// <summary>Whether the set is active and has not expired at a given time.</summary>
    public bool IsLive(DateTime now) => State == CredentialSetState.Active && IsUsable(now);

    /// <summary>
    /// Whether the set is live or can still become live at a given time: its client can obtain tokens.
    /// </summary>
    public bool IsUsable(DateTime now) => IsUsable(State, ExpiresAt, ActivateBefore, now);

    /// <summary>
    /// Whether a set in this state, with these expiry times, is live or can still become live at a given time.
    /// </summary>
    public static bool IsUsable(
        CredentialSetState state, DateTime? expiresAt, DateTime? activateBefore, DateTime now) =>
        (expiresAt is null || expiresAt > now)
        && (state == CredentialSetState.Active || (state == CredentialSetState.Staged && activateBefore > now));

    internal sealed class Configuration : IEntityTypeConfiguration<CredentialSet>
    {
        public void Configure(EntityTypeBuilder<CredentialSet> set)
        {
            set.ToTable("CredentialSets");
            set.Property(s => s.Id).ValueGeneratedNever();
            set.Property(s => s.State).HasConversion<string>().HasMaxLength(20);
            set.Property(s => s.EndReason).HasConversion<string>().HasMaxLength(20);
            set.Property(s => s.Activation).HasConversion<string>().HasMaxLength(20);
            set.OwnsOne(s => s.LastUse);
            set.OwnsOne(s => s.LastRefusal);
            set.HasOne(s => s.Account).WithMany().HasForeignKey(s => s.AccountId);
            set.HasOne(s => s.Key).WithMany().HasForeignKey(s => s.KeyId);
            set.HasIndex(s => new { s.AccountId, s.CreatedAt });
            set.HasIndex(s => s.AccountId, "One_active_set_per_account").IsUnique().HasFilter("\"State\" = 'Active'");
            set.HasIndex(s => s.AccountId, "One_staged_set_per_account").IsUnique().HasFilter("\"State\" = 'Staged'");
        }
    }
}

/// <summary>The state of a credential set: staged, then active, then ended.</summary>
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

/// <summary>How a staged set is activated.</summary>
internal enum Activation
{
    /// <summary>By an operator or administrator.</summary>
    Manual,

    /// <summary>By the first SCIM request with it. Obtaining a token does not count as use.</summary>
    FirstUse,
}

/// <summary>When and from where credentials were used.</summary>
internal sealed class Use
{
    /// <summary>UTC.</summary>
    public required DateTime At { get; init; }

    /// <summary>The caller's IP address, as seen by the server that received the request.</summary>
    public string? Address { get; init; }

    public string? UserAgent { get; init; }
}

/// <summary>The table of credential sets.</summary>
internal static class CredentialSetTables
{
    extension(AuthDbContext db)
    {
        public DbSet<CredentialSet> CredentialSets => db.Set<CredentialSet>();
    }
}
