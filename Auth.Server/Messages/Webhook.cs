using Auth.Server.Accounts;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Messages;

/// <summary>An address to which the notices of an account are posted, for programs of the customer.</summary>
internal sealed class Webhook
{
    public const int LongestUrl = 500;

    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required Guid AccountId { get; init; }

    public required string Url { get; init; }

    /// <summary>The key of the signatures, encrypted. It is shown only when the webhook is added.</summary>
    public required string ProtectedSecret { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>The address of an administrator.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When a message was accepted for the last time, UTC.</summary>
    public DateTime? LastDeliveredAt { get; set; }

    /// <summary>
    /// When a message was given up for the first time since <see cref="LastDeliveredAt"/>, UTC; null if none was.
    /// </summary>
    public DateTime? FailingSince { get; set; }

    /// <summary>Why the last attempt failed; null if it succeeded.</summary>
    public string? LastFailure { get; set; }

    internal sealed class Configuration : IEntityTypeConfiguration<Webhook>
    {
        public void Configure(EntityTypeBuilder<Webhook> webhook)
        {
            webhook.ToTable("Webhooks");
            webhook.Property(w => w.Id).ValueGeneratedNever();
            webhook.Property(w => w.Url).HasMaxLength(LongestUrl);
            webhook.HasOne<Account>().WithMany().HasForeignKey(w => w.AccountId);
            webhook.HasIndex(w => new { w.AccountId, w.Url }).IsUnique();
        }
    }
}

/// <summary>The table of webhooks.</summary>
internal static class WebhookTables
{
    extension(AuthDbContext db)
    {
        public DbSet<Webhook> Webhooks => db.Set<Webhook>();
    }
}
