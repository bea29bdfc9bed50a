using System.Runtime.CompilerServices;
using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Messages;
using Auth.Server.Provisioning;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Notices;

/// <summary>
/// Finds what administrators must be told and have not been told yet. Accounts that cannot use SCIM, or have nobody to
/// tell, are told nothing.
/// </summary>
internal sealed class DueNotices(
    AuthDbContext db, SeatCounts seats, NoticeText text, Outbox outbox, TimeProvider time)
{
    private static readonly TimeSpan recentUse = TimeSpan.FromDays(1);
    private static readonly TimeSpan recentCall = TimeSpan.FromMinutes(20);
    private static readonly TimeSpan timeToReplace = TimeSpan.FromHours(1);

    /// <summary>How many days before the expiry of credentials there is a notice.</summary>
    public static IReadOnlyList<int> DaysBeforeExpiry { get; } = [1, 7, 15, 30, 60, 90];

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Everything that is due. What depends on <c>Scim.Api</c> comes last, as it may take long.</summary>
    public async IAsyncEnumerable<DueNotice> Find([EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var due in await ExpiringCredentials(cancellation))
            yield return due;
        foreach (var due in await UnusedStagedCredentials(cancellation))
            yield return due;
        foreach (var due in await EndedCredentialsInUse(cancellation))
            yield return due;
        foreach (var due in await SilentProviders(cancellation))
            yield return due;
        await foreach (var due in FullAccounts(cancellation))
            yield return due;
    }

    /// <summary>
    /// Credentials that expire soon. If several notices are due because the server did not run, only the last one is.
    /// </summary>
    private async Task<List<DueNotice>> ExpiringCredentials(CancellationToken cancellation)
    {
        var due = new List<DueNotice>();
        var now = Now;
        var after = now;
        foreach (var days in DaysBeforeExpiry)
        {
            var (from, until, occasion) = (after, now.AddDays(days), $"{days}");
            var sets = await Sets(CredentialSetState.Active)
                .Where(set => set.ExpiresAt > from && set.ExpiresAt <= until)
                .Where(set => !db.Set<Notice>().Any(notice => notice.AccountId == set.AccountId
                    && notice.SubjectId == set.Id && notice.Kind == NoticeKind.CredentialsExpire
                    && notice.Occasion == occasion))
                .ToListAsync(cancellation);
            // Whoever has just chosen a lifetime of 20 days knows that it is less than 30.
            due.AddRange(sets.Where(set => set.ExpiresAt!.Value.AddDays(-days) > set.CreatedAt)
                .Select(set => Due(
                    set, NoticeKind.CredentialsExpire, occasion, text.CredentialsExpire(set, now))));
            after = until;
        }
        return due;
    }

    /// <summary>Staged credentials that nobody has used for half of the time for which they wait.</summary>
    private async Task<List<DueNotice>> UnusedStagedCredentials(CancellationToken cancellation)
    {
        var now = Now;
        var sets = await Sets(CredentialSetState.Staged)
            .Where(set => set.ActivateBefore > now)
            .Where(set => !db.Set<Notice>().Any(notice => notice.AccountId == set.AccountId
                && notice.SubjectId == set.Id && notice.Kind == NoticeKind.StagedUnused))
            .ToListAsync(cancellation);
        return
        [
            .. sets.Where(set => now - set.CreatedAt >= (set.ActivateBefore!.Value - set.CreatedAt) / 2)
                .Select(set => Due(set, NoticeKind.StagedUnused, "", text.StagedUnused(set))),
        ];
    }

    /// <summary>
    /// Ended credentials that something has used within the last day, more than an hour after their end: until then,
    /// somebody may still be entering their successors.
    /// </summary>
    private async Task<List<DueNotice>> EndedCredentialsInUse(CancellationToken cancellation)
    {
        var since = Now - recentUse;
        var sets = await Sets(CredentialSetState.Ended)
            .Where(set => set.LastRefusal!.At > since)
            .Where(set => !db.Set<Notice>().Any(notice => notice.AccountId == set.AccountId
                && notice.SubjectId == set.Id && notice.Kind == NoticeKind.EndedInUse))
            .ToListAsync(cancellation);
        return
        [
            .. sets.Where(set => set.LastRefusal!.At > set.EndedAt + timeToReplace)
                .Select(set => Due(set, NoticeKind.EndedInUse, "", text.EndedInUse(set))),
        ];
    }

    /// <summary>
    /// Credentials that were in use, but not for so long that the identity provider is unusually silent. After its next
    /// call, a later silence is another occasion.
    /// </summary>
    private async Task<List<DueNotice>> SilentProviders(CancellationToken cancellation)
    {
        var now = Now;
        var before = now - IdentityProvider.ShortestUnusualSilence;
        var sets = await Sets(CredentialSetState.Active)
            .Where(set => set.LastUse!.At <= before && (set.ExpiresAt == null || set.ExpiresAt > now))
            .Where(set => !db.Set<Notice>().Any(notice => notice.AccountId == set.AccountId
                && notice.SubjectId == set.Id && notice.Kind == NoticeKind.ProviderSilent
                && notice.CreatedAt > set.LastUse!.At))
            .ToListAsync(cancellation);
        return
        [
            .. sets.Where(set => now - set.LastUse!.At >= IdentityProvider.Of(set).UnusualSilence)
                .Select(set => Due(
                    set, NoticeKind.ProviderSilent, $"{set.LastUse!.At:O}", text.ProviderSilent(set, now))),
        ];
    }

    /// <summary>
    /// Accounts without a free seat, among those whose identity provider has called recently. They are told once for
    /// each number of seats that they have bought.
    /// </summary>
    private async IAsyncEnumerable<DueNotice> FullAccounts([EnumeratorCancellation] CancellationToken cancellation)
    {
        var since = Now - recentCall;
        var calling = Sets(CredentialSetState.Active).Where(set => set.LastUse!.At > since)
            .Select(set => set.AccountId);
        var accounts = await db.Accounts.AsNoTracking().Include(account => account.Licences)
            .Where(account => calling.Contains(account.Id)).ToListAsync(cancellation);
        foreach (var batch in accounts.Chunk(SeatsInUse.MaxAccounts))
        {
            Guid[] ids = [.. batch.Select(account => account.Id)];
            var known = await db.Notices
                .Where(notice => notice.Kind == NoticeKind.SeatsFull && ids.Contains(notice.AccountId))
                .Select(notice => new { notice.AccountId, notice.Occasion }).ToListAsync(cancellation);
            // Without Scim.Api, the others cannot be counted either.
            if (await seats.Of(ids, cancellation) is not { } inUse)
                yield break;
            foreach (var account in batch)
            {
                foreach (var licence in account.Licences.Where(licence => licence.IsFull(inUse[account.Id])))
                {
                    var occasion = $"{licence.Product} {licence.Seats}";
                    if (!known.Contains(new { AccountId = account.Id, Occasion = occasion }))
                    {
                        yield return Due(
                            account.Id, account.Id, NoticeKind.SeatsFull, occasion, text.SeatsFull(account, licence));
                    }
                }
            }
        }
    }

    private IQueryable<CredentialSet> Sets(CredentialSetState state)
    {
        var sendsMail = outbox.SendsMail;
        return db.CredentialSets.AsNoTracking().Include(set => set.Account)
            .Where(set => set.State == state && set.Account.ScimEnabled && !set.Account.Suspended)
            .Where(set => db.Set<Webhook>().Any(webhook => webhook.AccountId == set.AccountId)
                || (sendsMail && db.Set<Administrator>().Any(administrator =>
                    administrator.AccountId == set.AccountId && !administrator.ReadOnly)));
    }

    private DueNotice Due(CredentialSet set, NoticeKind kind, string occasion, Message message) =>
        Due(set.AccountId, set.Id, kind, occasion, message);

    private DueNotice Due(Guid account, Guid subject, NoticeKind kind, string occasion, Message message) => new(
        new()
        {
            AccountId = account,
            SubjectId = subject,
            Kind = kind,
            Occasion = occasion,
            CreatedAt = Now,
        },
        message);
}
