using Shared.Hosting;

namespace Auth.Server.Messages;

/// <summary>Sends the e-mail in the <see cref="Outbox"/> over one connection to the mail server.</summary>
internal sealed class MailDelivery(MessageAttempts attempts, Outbox outbox, SmtpOptions smtp, AuthOptions auth)
{
    public async Task DeliverDue(CancellationToken cancellation)
    {
        var due = await attempts.Due(message => message.WebhookId == null, cancellation);
        if (due.Count == 0)
            return;
        using var server = new MailServer(smtp, auth);
        foreach (var message in due)
        {
            var attempt = await attempts.Make(
                message, token => server.Send(message, outbox.Read(message), token), cancellation);
            // If the mail server is unavailable, the others need not be attempted now.
            if (attempt.Reason is not null && !server.IsConnected)
                return;
        }
    }
}

/// <summary>Sends the e-mail that is due every few seconds.</summary>
internal sealed class MailWatch(IServiceScopeFactory scopes, TimeProvider time, ILogger<MailWatch> log)
    : PeriodicTask(TimeSpan.FromSeconds(5), scopes, time, log)
{
    protected override Task Run(IServiceProvider services, CancellationToken cancellation) =>
        services.GetRequiredService<MailDelivery>().DeliverDue(cancellation);
}
