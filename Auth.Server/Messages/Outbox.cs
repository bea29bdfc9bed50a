using System.Text.Json;
using Auth.Server.Data;
using Microsoft.AspNetCore.DataProtection;

namespace Auth.Server.Messages;

/// <summary>
/// The messages to be delivered. A message is added in the transaction of what causes it, so that it is sent if and
/// only if that is committed. It is then sent (<see cref="MessageAttempts"/>); after a crash, perhaps twice.
/// </summary>
internal sealed class Outbox(
    AuthDbContext db, SmtpOptions smtp, IDataProtectionProvider protection, TimeProvider time)
{
    /// <summary>How long the delivery of a message is attempted, unless it is useless earlier.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(3);

    /// <summary>How long the delivery to a webhook is attempted.</summary>
    public static readonly TimeSpan WebhookLifetime = TimeSpan.FromDays(1);

    private readonly IDataProtector protector = protection.CreateProtector("Auth.Server.Messages");

    /// <summary>Whether there is a mail server. Without one, messages are discarded.</summary>
    public bool SendsMail => smtp.IsConfigured;

    /// <summary>Adds an e-mail; the caller saves it in its transaction.</summary>
    /// <param name="account">The account that it is about.</param>
    /// <param name="recipient">An e-mail address.</param>
    /// <param name="message">What it says.</param>
    /// <param name="lifetime">How long its delivery is attempted.</param>
    public void Add(Guid account, string recipient, Message message, TimeSpan lifetime)
    {
        if (!SendsMail)
            return;
        var now = time.GetUtcNow().UtcDateTime;
        db.OutgoingMessages.Add(new()
        {
            AccountId = account,
            Recipient = recipient,
            ProtectedMessage = protector.Protect(JsonSerializer.Serialize(message)),
            CreatedAt = now,
            NextAttemptAt = now,
            GiveUpAt = now + lifetime,
        });
    }

    /// <summary>Adds a message to a webhook; the caller saves it in its transaction.</summary>
    /// <param name="webhook">The webhook.</param>
    /// <param name="type">What happened, for programs: <c>credentials.expiring</c>.</param>
    /// <param name="message">What happened, for people.</param>
    public void Add(Webhook webhook, string type, Message message)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var data = new
        {
            accountId = webhook.AccountId,
            title = message.Subject,
            text = string.Join("\n\n", message.Paragraphs),
            link = message.Link.AbsoluteUri,
        };
        db.OutgoingMessages.Add(new()
        {
            AccountId = webhook.AccountId,
            WebhookId = webhook.Id,
            ProtectedMessage = protector.Protect(JsonSerializer.Serialize(new { type, timestamp = now, data })),
            CreatedAt = now,
            NextAttemptAt = now,
            GiveUpAt = now + WebhookLifetime,
        });
    }

    /// <summary>What an e-mail says.</summary>
    public Message Read(OutgoingMessage message) =>
        JsonSerializer.Deserialize<Message>(Unprotect(message.ProtectedMessage))!;

    public string Protect(string secret) => protector.Protect(secret);

    public string Unprotect(string secret) => protector.Unprotect(secret);
}
