using System.Net;
using System.Security.Cryptography;
using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Data;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Messages;

/// <summary>A webhook and the key of its signatures, which is shown only now.</summary>
internal sealed record IssuedWebhook(Webhook Webhook, string Secret);

/// <summary>The webhooks of accounts.</summary>
internal sealed class WebhookRegister(AuthDbContext db, Operation operation, Outbox outbox, TimeProvider time)
{
    public const int MaxWebhooks = 5;

    /// <summary>The prefix of a key, by which its kind is recognized (Standard Webhooks).</summary>
    public const string SecretPrefix = "whsec_";

    private const int SecretBytes = 32;

    public Task<List<Webhook>> List(Guid accountId, CancellationToken cancellation) =>
        db.Webhooks.AsNoTracking().Where(webhook => webhook.AccountId == accountId)
            .OrderBy(webhook => webhook.CreatedAt).ThenBy(webhook => webhook.Id).ToListAsync(cancellation);

    /// <exception cref="ProblemException">
    /// The address is not allowed (400), is a webhook already, or there are too many (409).
    /// </exception>
    public async Task<IssuedWebhook> Add(Guid accountId, string url, Actor actor, CancellationToken cancellation)
    {
        var added = await operation.Run(
            actor,
            AuditAction.AddWebhook,
            accountId,
            async work =>
            {
                var address = Check(url.Trim());
                // The address may contain a secret of the customer.
                work.Entry.About = address.Host;
                await db.LockAccount(accountId, cancellation);
                var others = await List(accountId, cancellation);
                if (others.Count >= MaxWebhooks)
                    throw ProblemException.Conflict($"There are already {MaxWebhooks} webhooks. Remove one first.");
                if (others.Exists(other => other.Url == address.AbsoluteUri))
                    throw ProblemException.Conflict("There is already a webhook with this address.");
                var secret = SecretPrefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(SecretBytes));
                var webhook = new Webhook
                {
                    AccountId = accountId,
                    Url = address.AbsoluteUri,
                    ProtectedSecret = outbox.Protect(secret),
                    CreatedAt = time.GetUtcNow().UtcDateTime,
                    CreatedBy = actor.DisplayName,
                };
                db.Webhooks.Add(webhook);
                await db.SaveChangesAsync(cancellation);
                return new IssuedWebhook(webhook, secret);
            },
            cancellation);
        return added.Result;
    }

    /// <summary>Removes a webhook. What is not delivered yet is discarded.</summary>
    /// <exception cref="ProblemException">The account has no such webhook (404).</exception>
    public Task Remove(Guid accountId, Guid id, Actor actor, CancellationToken cancellation) => operation.Run(
        actor,
        AuditAction.RemoveWebhook,
        accountId,
        async work =>
        {
            var webhook = await db.Webhooks.SingleOrDefaultAsync(
                webhook => webhook.AccountId == accountId && webhook.Id == id, cancellation)
                ?? throw ProblemException.NotFound("This webhook does not exist any more. Nothing was changed.");
            work.Entry.About = new Uri(webhook.Url).Host;
            db.Webhooks.Remove(webhook);
            await db.SaveChangesAsync(cancellation);
        },
        cancellation);

    private static Uri Check(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps
            || address.UserInfo != "" || address.Fragment != "" || address.AbsoluteUri.Length > Webhook.LongestUrl)
        {
            throw ProblemException.Invalid(
                $"A webhook must be an https address of at most {Webhook.LongestUrl} characters, without a user name "
                + "and without #.");
        }
        // Names are checked when they are resolved, for each connection.
        return !IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) || PublicAddress.Contains(ip)
            ? address
            : throw ProblemException.Invalid($"A webhook must be a public address; {address.Host} is not.");
    }
}
