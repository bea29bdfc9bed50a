using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Audit;

/// <summary>Which entries of the audit trail are wanted, the newest first.</summary>
/// <param name="AccountId">The account they concern; null is all, and those of none.</param>
/// <param name="Since">The earliest time, UTC.</param>
/// <param name="Before">The entry that they come before.</param>
internal sealed record AuditQuery(Guid? AccountId = null, DateTime? Since = null, long? Before = null)
{
    public async Task<IReadOnlyList<AuditEntry>> Read(AuthDbContext db, int count, CancellationToken cancellation)
    {
        var entries = db.AuditEntries.AsNoTracking();
        if (AccountId is { } account)
            entries = entries.Where(entry => entry.AccountId == account);
        if (Since is { } since)
            entries = entries.Where(entry => entry.Time >= since);
        if (Before is { } before)
            entries = entries.Where(entry => entry.Id < before);
        return await entries.OrderByDescending(entry => entry.Id).Take(count).ToListAsync(cancellation);
    }
}
