using Auth.Server.Data;
using Auth.Server.Events;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Audit;

/// <summary>Writes down who did what, and what was refused to whom and why.</summary>
internal sealed class AuditTrail(AuthDbContext db, EventLog events, IHttpContextAccessor http, TimeProvider time)
{
    private readonly List<AuditEntry> consequences = [];
    private AuditEntry? dropped;

    /// <summary>Who acts in this scope.</summary>
    public Actor Actor
    {
        get => field ??= Actor.From(http.HttpContext);
        set;
    }

    /// <summary>Whether this scope has left an entry.</summary>
    public bool HasWritten { get; private set; }

    /// <summary>
    /// Does something, with its entry, in one transaction; a refusal leaves an entry and nothing else. What is done may
    /// say in the entry what it was done to, and how. If it ends something that others rely on, it returns when that is
    /// true on every node; unless <paramref name="confirm"/> says that the caller sees to that, for many actions at once.
    /// </summary>
    public async Task<T> Record<T>(
        AuditAction action,
        Guid? account,
        Func<AuditEntry, Task<T>> act,
        CancellationToken cancellation,
        bool confirm = true)
    {
        var entry = NewEntry(action, account);
        try
        {
            var result = await Do(entry, act, cancellation);
            if (confirm)
                await events.Confirm();
            return result;
        }
        // Each action looks before it writes; of two that look at the same moment, a unique index lets one through.
        catch (DbUpdateException error) when (Conflicts.IsDuplicate(error))
        {
            ProblemException refusal = new(
                StatusCodes.Status409Conflict,
                "Somebody else did the same at the same moment. Nothing was changed; look at what is there now.",
                error);
            await Refuse(entry, refusal.Message);
            throw refusal;
        }
        catch (ProblemException refusal)
        {
            await Refuse(entry, refusal.Message);
            throw;
        }
    }

    /// <inheritdoc cref="Record{T}"/>
    public Task Record(
        AuditAction action,
        Guid? account,
        Func<AuditEntry, Task> act,
        CancellationToken cancellation,
        bool confirm = true) =>
        Record(
            action,
            account,
            async entry =>
            {
                await act(entry);
                return true;
            },
            cancellation,
            confirm);

    /// <summary>
    /// Works out what an action needs before its transaction begins, because it takes long. A refusal leaves an entry.
    /// </summary>
    public async Task<T> Prepare<T>(AuditAction action, Guid? account, string about, Func<Task<T>> prepare)
    {
        try
        {
            return await prepare();
        }
        catch (ProblemException refusal)
        {
            await Refused(action, account, refusal.Message, about);
            throw;
        }
    }

    /// <summary>Somebody else has done it meanwhile: what is being recorded leaves no entry.</summary>
    public void Drop(AuditEntry entry) => dropped = entry;

    /// <summary>What this server did because of the action that is being recorded: an entry that comes after that of it.</summary>
    public void AddConsequence(AuditAction action, Guid account, string about, string detail) => consequences.Add(new()
    {
        Time = time.GetUtcNow().UtcDateTime,
        AccountId = account,
        ActorKind = Actor.Server.Kind,
        ActorName = Actor.Server.Name,
        Action = action,
        About = about,
        Detail = detail,
    });

    /// <summary>An action that changed nothing here.</summary>
    public Task Done(AuditAction action, Guid? account, string? about = null)
    {
        var entry = NewEntry(action, account);
        entry.About = about;
        return Save(entry);
    }

    /// <summary>A refusal. What the scope has not saved by now is not saved.</summary>
    public Task Refused(AuditAction action, Guid? account, string reason, string? about = null)
    {
        var entry = NewEntry(action, account);
        entry.About = about;
        return Refuse(entry, reason);
    }

    private async Task<T> Do<T>(AuditEntry entry, Func<AuditEntry, Task<T>> act, CancellationToken cancellation)
    {
        await using var transaction = await db.BeginWrite(cancellation);
        try
        {
            var result = await act(entry);
            if (entry != dropped)
                await Save(entry);
            db.AuditEntries.AddRange(consequences);
            await db.SaveChangesAsync(CancellationToken.None);
            await transaction.Commit(cancellation);
            return result;
        }
        catch
        {
            events.Forget();
            throw;
        }
        finally
        {
            consequences.Clear();
        }
    }

    private Task Refuse(AuditEntry entry, string reason)
    {
        db.ChangeTracker.Clear();
        (entry.Outcome, entry.Detail) = (AuditOutcome.Refused, reason);
        return Save(entry);
    }

    private AuditEntry NewEntry(AuditAction action, Guid? account) => new()
    {
        Time = time.GetUtcNow().UtcDateTime,
        AccountId = account,
        ActorKind = Actor.Kind,
        ActorName = Actor.Name,
        Address = Actor.Address,
        UserAgent = Actor.UserAgent,
        Action = action,
    };

    private async Task Save(AuditEntry entry)
    {
        if (entry.Detail is { } detail)
            entry.Detail = Printable.Of(detail, AuditEntry.LongestDetail);
        db.AuditEntries.Add(entry);
        // Whoever leaves meanwhile has left a trace.
        await db.SaveChangesAsync(CancellationToken.None);
        HasWritten = true;
    }
}
