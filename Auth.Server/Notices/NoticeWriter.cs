using Auth.Server.Administrators;
using Auth.Server.Data;
using Auth.Server.Messages;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Notices;

/// <summary>
/// Tells the administrators of accounts what they must know, each by an e-mail of their own, and the webhooks of the
/// accounts. Read-only administrators are told nothing, as they can do nothing about it.
/// </summary>
internal sealed class NoticeWriter(
    AuthDbContext db, DueNotices notices, WebhookRegister webhooks, Outbox outbox)
{
    /// <summary>Writes the notices that are due, and their messages, each in one transaction.</summary>
    public async Task WriteDue(CancellationToken cancellation)
    {
        await foreach (var due in notices.Find(cancellation))
            await Write(due, cancellation);
    }

    /// <summary>The name of a kind, for programs.</summary>
    public static string TypeOf(NoticeKind kind) => kind switch
    {
        NoticeKind.CredentialsExpire => "credentials.expiring",
        NoticeKind.StagedUnused => "credentials.unused",
        NoticeKind.EndedInUse => "credentials.ended_in_use",
        NoticeKind.ProviderSilent => "provider.silent",
        NoticeKind.SeatsFull => "seats.full",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
    };

    private async Task Write(DueNotice due, CancellationToken cancellation)
    {
        db.ChangeTracker.Clear();
        await using var write = await db.BeginWrite(cancellation);
        db.Notices.Add(due.Notice);
        var recipients = await db.Administrators.AsNoTracking()
            .Where(administrator => administrator.AccountId == due.Notice.AccountId && !administrator.ReadOnly)
            .OrderBy(administrator => administrator.NormalizedEmail)
            .Select(administrator => administrator.Email!).ToListAsync(cancellation);
        if (outbox.SendsMail)
        {
            foreach (var recipient in recipients)
                outbox.Add(due.Notice.AccountId, recipient, due.Message, Outbox.Lifetime);
        }
        foreach (var webhook in await webhooks.List(due.Notice.AccountId, cancellation))
            outbox.Add(webhook, TypeOf(due.Notice.Kind), due.Message);
        // Nobody is left to tell, so the notice remains due.
        if (!db.ChangeTracker.Entries<OutgoingMessage>().Any())
            return;
        try
        {
            await db.SaveChangesAsync(cancellation);
            await write.Commit(cancellation);
        }
        // The unique index: another node has just written it.
        catch (DbUpdateException error) when (Conflicts.IsDuplicate(error))
        {
            db.ChangeTracker.Clear();
        }
    }
}
