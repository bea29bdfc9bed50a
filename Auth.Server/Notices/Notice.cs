using Auth.Server.Accounts;
using Auth.Server.Data;
using Auth.Server.Messages;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Notices;

/// <summary>
/// Records that the administrators of an account were told something. A unique index ensures that they are told once,
/// however many nodes find the reason. The messages are written in the same transaction.
/// </summary>
internal sealed class Notice
{
    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required Guid AccountId { get; init; }

    public required NoticeKind Kind { get; init; }

    /// <summary>What it is about: a credential set, or the account itself.</summary>
    public required Guid SubjectId { get; init; }

    /// <summary>
    /// Distinguishes notices of one kind about the same subject, such as the number of days before a set expires; empty
    /// if there is only one.
    /// </summary>
    public required string Occasion { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<Notice>
    {
        public void Configure(EntityTypeBuilder<Notice> notice)
        {
            notice.ToTable("Notices");
            notice.Property(n => n.Id).ValueGeneratedNever();
            notice.Property(n => n.Kind).HasConversion<string>().HasMaxLength(30);
            notice.Property(n => n.Occasion).HasMaxLength(100);
            notice.HasOne<Account>().WithMany().HasForeignKey(n => n.AccountId);
            notice.HasIndex(n => new { n.AccountId, n.SubjectId, n.Kind, n.Occasion }).IsUnique();
        }
    }
}

/// <summary>What administrators are told.</summary>
internal enum NoticeKind
{
    /// <summary>The active credentials expire soon.</summary>
    CredentialsExpire,

    /// <summary>Staged credentials have not been used for half of the time for which they wait.</summary>
    StagedUnused,

    /// <summary>Something still uses credentials that ended more than an hour ago.</summary>
    EndedInUse,

    /// <summary>The identity provider has not called for an unusually long time.</summary>
    ProviderSilent,

    /// <summary>No seat of a product that new people receive is left.</summary>
    SeatsFull,
}

/// <summary>A notice that is due.</summary>
/// <param name="Notice">Records it.</param>
/// <param name="Message">What the administrators are told.</param>
internal sealed record DueNotice(Notice Notice, Message Message);

/// <summary>The table of notices.</summary>
internal static class NoticeTables
{
    extension(AuthDbContext db)
    {
        public DbSet<Notice> Notices => db.Set<Notice>();
    }
}
