using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Audit;

/// <summary>
/// What an operator or administrator did or tried to do: one row for each action, written in the transaction of its
/// change. Triggers prevent rows from being changed or deleted (<see cref="AuditProtection"/>). Entries never contain
/// secrets, or text typed by somebody who is not authenticated.
/// </summary>
internal sealed class AuditEntry
{
    public const int LongestDetail = 1000;

    /// <summary>Ascending in the order of insertion.</summary>
    public long Id { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime Time { get; init; }

    /// <summary>The account concerned; its administrators can see the entry.</summary>
    public Guid? AccountId { get; set; }

    public required ActorKind ActorKind { get; init; }

    /// <summary>A Unix user on the command line, or the e-mail address of an administrator or operator.</summary>
    public required string ActorName { get; init; }

    /// <summary>The caller's IP address.</summary>
    public string? Address { get; init; }

    public string? UserAgent { get; init; }

    public required AuditAction Action { get; init; }

    public AuditOutcome Outcome { get; set; }

    /// <summary>The subject of the action: an id, or a person's e-mail address.</summary>
    public string? About { get; set; }

    /// <summary>What was changed, or why the action was refused.</summary>
    public string? Detail { get; set; }

    internal sealed class Configuration : IEntityTypeConfiguration<AuditEntry>
    {
        public void Configure(EntityTypeBuilder<AuditEntry> entry)
        {
            entry.ToTable("AuditEntries");
            entry.Property(e => e.ActorKind).HasConversion<string>().HasMaxLength(20);
            entry.Property(e => e.Action).HasConversion<string>().HasMaxLength(50);
            entry.Property(e => e.Outcome).HasConversion<string>().HasMaxLength(20);
            entry.Property(e => e.Detail).HasMaxLength(LongestDetail);
            // No foreign key: a refused action may name an account that does not exist.
            entry.HasIndex(e => new { e.AccountId, e.Id });
        }
    }
}

/// <summary>The outcome of an action.</summary>
internal enum AuditOutcome
{
    Done,
    Refused,

    /// <summary>Another system was asked and did not reply. The action may have been carried out.</summary>
    Unknown,
}

/// <summary>The table of the audit trail.</summary>
internal static class AuditTables
{
    extension(AuthDbContext db)
    {
        public DbSet<AuditEntry> AuditEntries => db.Set<AuditEntry>();
    }
}
