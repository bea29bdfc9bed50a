using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using Shared.Contracts;
using Shared.Hosting.Data;

namespace Scim.Api.Provisioning;

/// <summary>
/// Counts an account's recent events. An account may have millions of them, so each query reads a limited number.
/// </summary>
internal static class RecentActivity
{
    /// <summary>How many days are counted, including today.</summary>
    public const int Days = 14;

    /// <summary>How many events of a day are counted.</summary>
    public const int MaxEvents = 10_000;

    /// <summary>
    /// How many refusals are read from the table, for their reasons or, of each day, for their repetitions. To count
    /// events, their index is enough.
    /// </summary>
    public const int MaxRefusals = 1000;

    /// <summary>How many of the newest events are searched for those of an identity provider.</summary>
    private const int MaxSearched = 1000;

    private static readonly TimeSpan recently = TimeSpan.FromDays(1);

    extension(ScimDbContext db)
    {
        /// <summary>The changes and refusals of the last days, the oldest first.</summary>
        public async Task<IReadOnlyList<PortalDay>> CountDays(
            Guid accountId, DateOnly today, CancellationToken cancellation)
        {
            var first = today.AddDays(1 - Days);
            var days = await SqlBatch.Read(
                db,
                batch => AddCountDays(batch, accountId, today),
                results => results.All(row => ToDay(
                    first.AddDays(row.GetInt32(0)),
                    row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4))),
                cancellation);
            return [.. days.OrderBy(day => day.Day)];
        }

        /// <summary>How many different people were changed since the beginning of a day, UTC.</summary>
        public Task<int> CountPeopleChanged(Guid accountId, DateOnly since, CancellationToken cancellation)
        {
            var first = ProvisioningEvent.FirstIdOf(since);
            return db.EventsOf(accountId).Where(e => e.Id >= first)
                .OrderByDescending(e => e.Id).Take(MaxEvents)
                .Where(e => e.Outcome != ProvisioningOutcomes.Refused && e.Outcome != ProvisioningOutcomes.Tested
                    && e.UserId != null)
                .Select(e => e.UserId).Distinct()
                .CountAsync(cancellation);
        }

        /// <summary>The refusals of the last 24 hours by cause, and whether there were more.</summary>
        public async Task<(IReadOnlyList<PortalRefusals> Refusals, bool HasMore)> CountRefusals(
            Guid accountId, DateTime now, CancellationToken cancellation)
        {
            var found = await db.RefusalsSince(accountId, now - recently)
                .Select(e => new { e.Status, e.Reason, e.UserName, e.UserNameKey, e.Repeats, e.Time })
                .Take(MaxRefusals + 1).ToListAsync(cancellation);
            var causes =
                from refusal in found.Take(MaxRefusals)
                group refusal by RefusalClassification.CauseOf(refusal.Status, refusal.Reason) into same
                select new PortalRefusals
                {
                    Cause = same.Key,
                    Count = same.Sum(refusal => 1 + refusal.Repeats),
                    Last = same.First().Time,
                    UserName = same.All(refusal => refusal.UserNameKey == same.First().UserNameKey)
                        ? same.First().UserName
                        : null,
                };
            var ordered = causes.OrderByDescending(cause => cause.Count)
                .ThenBy(cause => cause.Cause, StringComparer.Ordinal);
            return ([.. ordered], found.Count > MaxRefusals);
        }

        /// <summary>The refusals since a time, the newest first.</summary>
        public IQueryable<ProvisioningEvent> RefusalsSince(Guid accountId, DateTime since)
        {
            var first = ProvisioningEvent.FirstIdOf(since);
            return db.EventsOf(accountId).AsNoTracking()
                .Where(e => e.Outcome == ProvisioningOutcomes.Refused && e.Id >= first)
                .OrderByDescending(e => e.Id);
        }

        /// <summary>Those of the newest events that an identity provider with a valid token caused.</summary>
        public IQueryable<ProvisioningEvent> NewestOfProviders(Guid accountId) =>
            db.EventsOf(accountId).AsNoTracking().OrderByDescending(e => e.Id).Take(MaxSearched)
                .Where(e => e.CredentialSetId != null && e.Status != StatusCodes.Status401Unauthorized
                    && e.Outcome != ProvisioningOutcomes.Tested);

        /// <summary>The newest of them.</summary>
        public async Task<PortalEvent?> FindLastCall(Guid accountId, CancellationToken cancellation) =>
            (await db.NewestOfProviders(accountId).OrderByDescending(e => e.Id).FirstOrDefaultAsync(cancellation))
                ?.ToPortalEvent();
    }

    /// <summary>
    /// Adds the statement that counts days: all events of each, the refused ones, their repetitions, and the events of
    /// connection tests, which are not counted. Each is a range of an index. Tests read its query plan.
    /// </summary>
    public static void AddCountDays(SqlBatch batch, Guid accountId, DateOnly today, string before = "")
    {
        var first = today.AddDays(1 - Days);
        batch.Add(
            before + CountDaysText,
            [accountId, .. Enumerable.Range(0, Days + 1).Select(day =>
                (SqlValue)(Guid?)ProvisioningEvent.FirstIdOf(first.AddDays(day)))]);
    }

    // $1 is the account, $2 the first id of the first day, and so on; the last one is the first id of tomorrow.
    private static string CountDaysText { get; } = string.Join(
        "UNION ALL\n",
        Enumerable.Range(0, Days).Select(day =>
            $"""
            SELECT {day} AS "Day", counted."Number" AS "Events", refused."Number" AS "Refused", repeated."Number",
                tested."Number"
            FROM
                (SELECT COUNT(*) AS "Number" FROM (
                    SELECT 1 FROM "ProvisioningEvents"
                    WHERE "AccountId" = $1 AND "Id" >= ${day + 2} AND "Id" < ${day + 3}
                    LIMIT {MaxEvents + 1}) AS c) AS counted,
                (SELECT COUNT(*) AS "Number" FROM (
                    SELECT 1 FROM "ProvisioningEvents"
                    WHERE "AccountId" = $1 AND "Outcome" = '{ProvisioningOutcomes.Refused}'
                        AND "Id" >= ${day + 2} AND "Id" < ${day + 3}
                    LIMIT {MaxEvents + 1}) AS r) AS refused,
                (SELECT COALESCE(SUM(p."Repeats"), 0) AS "Number" FROM (
                    SELECT "Repeats" FROM "ProvisioningEvents"
                    WHERE "AccountId" = $1 AND "Outcome" = '{ProvisioningOutcomes.Refused}'
                        AND "Id" >= ${day + 2} AND "Id" < ${day + 3}
                    LIMIT {MaxRefusals}) AS p) AS repeated,
                (SELECT COUNT(*) AS "Number" FROM (
                    SELECT 1 FROM "ProvisioningEvents"
                    WHERE "AccountId" = $1 AND "Outcome" = '{ProvisioningOutcomes.Tested}'
                        AND "Id" >= ${day + 2} AND "Id" < ${day + 3}
                    LIMIT {MaxEvents + 1}) AS t) AS tested

            """));

    private static PortalDay ToDay(DateOnly day, long events, long refused, long repeats, long tested) => new()
    {
        Day = day,
        // If there are more than were counted, both are lower bounds.
        Changes = (int)Math.Max(0, events - refused - tested),
        Refusals = (int)Math.Min(refused + repeats, int.MaxValue),
        HasMore = events > MaxEvents || refused > MaxRefusals,
    };
}
