using Auth.Server.Data;

namespace Auth.Server.Audit;

/// <summary>Records who did what, and what was refused to whom and why.</summary>
internal sealed class AuditTrail(AuthDbContext db, TimeProvider time)
{
    /// <summary>Creates the entry of an action that starts now.</summary>
    public AuditEntry NewEntry(Actor actor, AuditAction action, Guid? account) => new()
    {
        Time = time.GetUtcNow().UtcDateTime,
        AccountId = account,
        ActorKind = actor.Kind,
        ActorName = actor.Name,
        Address = actor.Address,
        UserAgent = actor.UserAgent,
        Action = action,
    };

    /// <summary>Records an action that changed nothing in this database.</summary>
    public Task Done(Actor actor, AuditAction action, Guid? account, string? about = null)
    {
        var entry = NewEntry(actor, action, account);
        entry.About = about;
        return Save([entry]);
    }

    /// <summary>Records a refusal. Discards all unsaved changes of this scope.</summary>
    public Task Refused(Actor actor, AuditAction action, Guid? account, string reason, string? about = null)
    {
        var entry = NewEntry(actor, action, account);
        entry.About = about;
        return Refuse(entry, reason);
    }

    /// <inheritdoc cref="Refused"/>
    public Task Refuse(AuditEntry entry, string reason)
    {
        db.ChangeTracker.Clear();
        (entry.Outcome, entry.Detail) = (AuditOutcome.Refused, reason);
        return Save([entry]);
    }

    /// <summary>
    /// Saves entries, with all other changes of this scope, even if the caller has cancelled the request.
    /// </summary>
    public async Task Save(IReadOnlyList<AuditEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (entry.Detail is { } detail)
                entry.Detail = Printable.Of(detail, AuditEntry.LongestDetail);
        }
        db.AuditEntries.AddRange(entries);
        await db.SaveChangesAsync(CancellationToken.None);
    }
}
