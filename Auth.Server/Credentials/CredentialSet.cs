using Auth.Server.Accounts;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Credentials;

/// <summary>
/// What an account's identity provider needs to get in. Everything issued under it lives and dies with it, and an
/// account has at most one that is active: the database says so.
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

    /// <summary>
    /// The end of the secret or token, by which people recognise it; empty if the client has keys of its own.
    /// </summary>
    public string LastFour { get; set; } = "";

    public required DateTime CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    /// <summary>What makes a staged set take over; null if it was active from the beginning.</summary>
    public Activation? Activation { get; init; }

    /// <summary>Until when a staged set can take over, UTC; then it ends by itself.</summary>
    public DateTime? ActivateBefore { get; init; }

    public DateTime? ActivatedAt { get; set; }

    /// <summary>Who activated it, for people to read.</summary>
    public string? ActivatedBy { get; set; }

    /// <summary>The event that tells the nodes of <c>Scim.Api</c> of the set.</summary>
    public long? ActivationEvent { get; set; }

    /// <summary>
    /// When it was sure, UTC, that no node admits the set before this one any more. An active set admits nobody until
    /// then.
    /// </summary>
    public DateTime? ConfirmedAt { get; set; }

    /// <summary>How that went, for people to read: <see cref="Events.Confirmation"/>.</summary>
    public string? Confirmation { get; set; }

    /// <summary>The first request that <c>Scim.Api</c> let in with it, UTC.</summary>
    public DateTime? FirstUsedAt { get; set; }

    /// <summary>The last request that <c>Scim.Api</c> let in with it; at most a minute too early.</summary>
    public Use? LastUse { get; set; }

    /// <summary>
    /// The last request with it, or for a token, that was refused because it has ended; at most a minute too early.
    /// </summary>
    public Use? LastRefusal { get; set; }

    /// <summary>The key that signed the direct JWT; the set ends if it is withdrawn.</summary>
    public string? KeyId { get; set; }

    public Keys.ServerKey? Key { get; init; }

    /// <summary>When the set ends by itself, UTC; null if it does not.</summary>
    public DateTime? ExpiresAt { get; init; }

    public DateTime? EndedAt { get; set; }

    public string? EndedBy { get; set; }

    public CredentialSetEnd? EndReason { get; set; }

    /// <summary>
    /// The set as it is at a time, for somebody who only reads it: one that has run out has ended, whether or not
    /// <see cref="CredentialWatch"/> has written that down yet.
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

    /// <summary>Whether the set is active, and has not run out, at a time.</summary>
    public bool IsLive(DateTime now) => State == CredentialSetState.Active && IsUsable(now);

    /// <summary>Whether the set is live or can become so at a time: its client is known, and gets tokens.</summary>
    public bool IsUsable(DateTime now) => IsUsable(State, ExpiresAt, ActivateBefore, now);

    /// <summary>Whether a set in this state, with these ends, is live or can become so at a time.</summary>
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

/// <summary>What makes a staged set take over.</summary>
internal enum Activation
{
    /// <summary>Somebody says so.</summary>
    Manual,

    /// <summary>The first SCIM request with it does. Getting a token is no use of it.</summary>
    FirstUse,
}

/// <summary>When, and from where, credentials were used.</summary>
internal sealed class Use
{
    /// <summary>UTC.</summary>
    public required DateTime At { get; init; }

    /// <summary>The IP address, as the server that was called saw it.</summary>
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
