using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Shared.Hosting;

namespace Auth.Server.Messages;

/// <summary>Posts a message to its webhook, and records how that went.</summary>
internal sealed class WebhookDelivery(
    AuthDbContext db, MessageAttempts attempts, WebhookClient client, Outbox outbox, TimeProvider time)
{
    public async Task Deliver(OutgoingMessage message, CancellationToken cancellation)
    {
        if (await db.Webhooks.AsNoTracking().SingleOrDefaultAsync(
            webhook => webhook.Id == message.WebhookId, cancellation) is not { } webhook)
        {
            return;
        }

        var attempt = await attempts.Make(
            message,
            token => client.Post(
                new(webhook.Url), outbox.Unprotect(webhook.ProtectedSecret), message.Id,
                outbox.Unprotect(message.ProtectedMessage), token),
            cancellation);
        if (attempt.Outcome == AttemptOutcome.MadeElsewhere)
            return;
        DateTime? now = time.GetUtcNow().UtcDateTime;
        var (isDelivered, isGivenUp) =
            (attempt.Outcome == AttemptOutcome.Delivered, attempt.Outcome == AttemptOutcome.GivenUp);
        await db.Webhooks.Where(other => other.Id == webhook.Id).ExecuteUpdateAsync(
            change => change
                .SetProperty(other => other.LastFailure, attempt.Reason)
                .SetProperty(other => other.LastDeliveredAt, other => isDelivered ? now : other.LastDeliveredAt)
                .SetProperty(
                    other => other.FailingSince,
                    other => isDelivered ? null : isGivenUp ? other.FailingSince ?? now : other.FailingSince),
            cancellation);
    }
}

/// <summary>
/// Posts the messages that are due every few seconds. A few at a time, so that a slow webhook does not delay others.
/// </summary>
internal sealed class WebhookWatch(IServiceScopeFactory scopes, TimeProvider time, ILogger<WebhookWatch> log)
    : PeriodicTask(TimeSpan.FromSeconds(5), scopes, time, log)
{
    private const int AtATime = 8;

    /// <summary>Attempts the messages that are due.</summary>
    public async Task DeliverDue(CancellationToken cancellation)
    {
        await using var scope = Scopes.CreateAsyncScope();
        await Run(scope.ServiceProvider, cancellation);
    }

    protected override async Task Run(IServiceProvider services, CancellationToken cancellation)
    {
        var due = await services.GetRequiredService<MessageAttempts>()
            .Due(message => message.WebhookId != null, cancellation);
        var few = new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellation };
        await Parallel.ForEachAsync(due, few, async (message, token) =>
        {
            await using var scope = Scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<WebhookDelivery>().Deliver(message, token);
        });
    }
}
