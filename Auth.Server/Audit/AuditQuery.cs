using System.Linq.Expressions;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Audit;

/// <summary>
/// Selects entries of the audit trail, the newest first. A condition that is null selects all entries.
/// </summary>
internal sealed record AuditQuery
{
    private static readonly ActorKind[] unnamed = [ActorKind.Server, ActorKind.Operator];

    /// <summary>The account concerned; null also selects entries without an account.</summary>
    public Guid? AccountId { get; init; }

    /// <summary>The time of the earliest entry, UTC.</summary>
    public DateTime? Since { get; init; }

    /// <summary>The time before which the latest entry was written, UTC.</summary>
    public DateTime? Until { get; init; }

    /// <summary>The id below which entries are selected.</summary>
    public long? Before { get; init; }

    /// <summary>The id above which entries are selected, the oldest of them if they are limited in number.</summary>
    public long? After { get; init; }

    /// <summary>
    /// A part of the name of an administrator or a management client, or of "SciLeads", which stands for its staff.
    /// </summary>
    public string? By { get; init; }

    public IReadOnlyCollection<AuditAction>? Actions { get; init; }

    public AuditOutcome? Outcome { get; init; }

    /// <summary>A part of what the entry is about, of its details, or of the name of its actor.</summary>
    public string? Search { get; init; }

    /// <summary>Ids of what <see cref="Search"/> also finds, because their names match.</summary>
    public IReadOnlyCollection<string> Found { get; init; } = [];

    public async Task<IReadOnlyList<AuditEntry>> Read(AuthDbContext db, int count, CancellationToken cancellation)
    {
        var entries = Matching(db.AuditEntries.AsNoTracking());
        if (Before is { } before)
            entries = entries.Where(entry => entry.Id < before);
        if (After is not { } after)
            return await entries.OrderByDescending(entry => entry.Id).Take(count).ToListAsync(cancellation);
        var oldestFirst = await entries.Where(entry => entry.Id > after).OrderBy(entry => entry.Id).Take(count)
            .ToListAsync(cancellation);
        return [.. oldestFirst.AsEnumerable().Reverse()];
    }

    private IQueryable<AuditEntry> Matching(IQueryable<AuditEntry> entries)
    {
        if (AccountId is { } account)
            entries = entries.Where(entry => entry.AccountId == account);
        if (Since is { } since)
            entries = entries.Where(entry => entry.Time >= since);
        if (Until is { } until)
            entries = entries.Where(entry => entry.Time < until);
        if (Actions is { } actions)
            entries = entries.Where(entry => actions.Contains(entry.Action));
        if (Outcome is { } outcome)
            entries = entries.Where(entry => entry.Outcome == outcome);
        if (By?.ToLowerInvariant() is { } by)
            entries = entries.Where(IsBy(by));
        if (Search?.ToLowerInvariant() is { } search)
            entries = entries.Where(Mentions(search));
        return entries;
    }

    // Translated to SQL, which has no comparison that ignores case in both databases.
#pragma warning disable CA1862
    private static Expression<Func<AuditEntry, bool>> IsBy(string name)
    {
        var isStaff = Actor.Server.Name.Contains(name, StringComparison.OrdinalIgnoreCase);
        return entry => unnamed.Contains(entry.ActorKind)
            ? isStaff
            : (isStaff && entry.ActorKind == ActorKind.Staff) || entry.ActorName.ToLower().Contains(name);
    }

    private Expression<Func<AuditEntry, bool>> Mentions(string text) => entry =>
        entry.About!.ToLower().Contains(text)
        || entry.Detail!.ToLower().Contains(text)
        || Found.Contains(entry.About)
        // The names of Unix users are not shown to customers.
        || (!unnamed.Contains(entry.ActorKind) && entry.ActorName.ToLower().Contains(text));
#pragma warning restore CA1862
}
