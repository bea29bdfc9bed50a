using Auth.Server.Accounts;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Messages;

/// <summary>
/// A message to one recipient or webhook that is not delivered yet. It is written in the transaction of what causes it,
/// and deleted when the recipient's server has accepted it.
/// </summary>
internal sealed class OutgoingMessage
{
    /// <summary>Also identifies the message to the recipient's mail program: the same in every attempt.</summary>
    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required Guid AccountId { get; init; }

    /// <summary>The e-mail address of the recipient; null for a webhook.</summary>
    public string? Recipient { get; init; }

    /// <summary>The webhook to which it is posted; null for e-mail.</summary>
    public Guid? WebhookId { get; init; }

    /// <summary>
    /// The <see cref="Message"/> as JSON, or what is posted to a webhook; encrypted, because it may contain a link with
    /// which a password can be set.
    /// </summary>
    public required string ProtectedMessage { get; init; }

    /// <summary>UTC.</summary>
    public required DateTime CreatedAt { get; init; }

    /// <summary>When the message is no longer worth delivering, UTC.</summary>
    public required DateTime GiveUpAt { get; init; }

    /// <summary>
    /// When the next attempt may begin, UTC. A node that begins an attempt first moves this into the future, so no
    /// other node makes the same attempt, and a node that crashes leaves the message to others.
    /// </summary>
    public required DateTime NextAttemptAt { get; set; }

    /// <summary>How many attempts have begun.</summary>
    public int Attempts { get; set; }

    internal sealed class Configuration : IEntityTypeConfiguration<OutgoingMessage>
    {
        public void Configure(EntityTypeBuilder<OutgoingMessage> message)
        {
            message.ToTable("OutgoingMessages");
            message.Property(m => m.Id).ValueGeneratedNever();
            message.HasOne<Account>().WithMany().HasForeignKey(m => m.AccountId);
            message.HasOne<Webhook>().WithMany().HasForeignKey(m => m.WebhookId).OnDelete(DeleteBehavior.Cascade);
            message.HasIndex(m => m.NextAttemptAt);
        }
    }
}

/// <summary>The table of messages that are not delivered yet.</summary>
internal static class OutgoingMessageTables
{
    extension(AuthDbContext db)
    {
        public DbSet<OutgoingMessage> OutgoingMessages => db.Set<OutgoingMessage>();
    }
}
