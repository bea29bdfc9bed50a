using System.Linq.Expressions;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Messages;

/// <summary>
/// Attempts to deliver messages, at least once. All nodes do this: each message is attempted by one node at a time, and
/// after a failure or a crash by any node, at growing intervals.
/// </summary>
internal sealed class MessageAttempts(AuthDbContext db, TimeProvider time, ILogger<MessageAttempts> log)
{
    /// <summary>The interval before the second attempt. It doubles with each further attempt, up to an hour.</summary>
    public static readonly TimeSpan FirstRetry = TimeSpan.FromMinutes(1);

    private const int AtOnce = 100;

    private static readonly TimeSpan longestRetry = TimeSpan.FromHours(1);

    // Shorter than any interval between attempts, so that no two nodes attempt the same message at a time.
    private static readonly TimeSpan attemptTimeout = TimeSpan.FromSeconds(30);

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>The matching messages that are due, the oldest first.</summary>
    public Task<List<OutgoingMessage>> Due(
        Expression<Func<OutgoingMessage, bool>> which, CancellationToken cancellation)
    {
        var now = Now;
        return db.OutgoingMessages.AsNoTracking().Where(message => message.NextAttemptAt <= now).Where(which)
            .OrderBy(message => message.NextAttemptAt).ThenBy(message => message.Id)
            .Take(AtOnce).ToListAsync(cancellation);
    }

    /// <summary>Attempts to deliver a message, unless another node does.</summary>
    /// <param name="message">The message.</param>
    /// <param name="send">Sends it; throws if it was not accepted.</param>
    /// <param name="cancellation">Cancels the attempt; it is then made again later.</param>
    public async Task<Attempt> Make(
        OutgoingMessage message, Func<CancellationToken, Task> send, CancellationToken cancellation)
    {
        if (!await Claim(message, cancellation))
            return new(AttemptOutcome.MadeElsewhere);
        using var timeout = new CancellationTokenSource(attemptTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            await send(either.Token);
        }
        // The other server, the network or the key ring may fail in any way.
        catch (Exception failure) when (!cancellation.IsCancellationRequested)
        {
            var reason = timeout.IsCancellationRequested ? "it took too long" : failure.GetBaseException().Message;
            if (message.NextAttemptAt < message.GiveUpAt && failure is not DeliveryException { IsPermanent: true })
            {
                log.LogWarning(
                    "Message {Message} to account {Account} was not delivered in attempt {Attempt}, the next one is at "
                    + "{Next:u}: {Reason}", message.Id, message.AccountId, message.Attempts, message.NextAttemptAt,
                    reason);
                return new(AttemptOutcome.Failed, reason);
            }

            log.LogError(
                "Message {Message} to account {Account} could not be delivered, and is discarded after {Attempts} "
                + "attempts: {Reason}", message.Id, message.AccountId, message.Attempts, reason);
            await Delete(message, cancellation);
            return new(AttemptOutcome.GivenUp, reason);
        }

        await Delete(message, CancellationToken.None);
        return new(AttemptOutcome.Delivered);
    }

    /// <summary>Schedules the attempt after this one; false if another node makes this one.</summary>
    private async Task<bool> Claim(OutgoingMessage message, CancellationToken cancellation)
    {
        var next = Now + RetryAfter(message.Attempts);
        var claimed = await db.OutgoingMessages
            .Where(other => other.Id == message.Id && other.Attempts == message.Attempts)
            .ExecuteUpdateAsync(
                change => change.SetProperty(other => other.Attempts, other => other.Attempts + 1)
                    .SetProperty(other => other.NextAttemptAt, next),
                cancellation);
        (message.Attempts, message.NextAttemptAt) = (message.Attempts + 1, next);
        return claimed > 0;
    }

    private Task<int> Delete(OutgoingMessage message, CancellationToken cancellation) =>
        db.OutgoingMessages.Where(other => other.Id == message.Id).ExecuteDeleteAsync(cancellation);

    private static TimeSpan RetryAfter(int attempts)
    {
        var interval = FirstRetry * Math.Pow(2, Math.Min(attempts, 10));
        return interval < longestRetry ? interval : longestRetry;
    }
}

/// <summary>What became of an attempt.</summary>
internal enum AttemptOutcome
{
    MadeElsewhere,
    Delivered,

    /// <summary>There will be another attempt.</summary>
    Failed,

    /// <summary>The message is discarded.</summary>
    GivenUp,
}

/// <summary>An attempt to deliver a message, and why it failed.</summary>
internal sealed record Attempt(AttemptOutcome Outcome, string? Reason = null);
