using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Audit;

/// <summary>Selects entries of the audit trail, the newest first.</summary>
/// <param name="AccountId">The account concerned; null selects all entries, including those without an account.</param>
/// <param name="Since">The time of the earliest entry, UTC.</param>
/// <param name="Before">The id below which entries are selected.</param>
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
