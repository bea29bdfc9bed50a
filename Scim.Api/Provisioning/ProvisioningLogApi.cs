using System.Globalization;
using System.Runtime.CompilerServices;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;
using Shared.Hosting;

namespace Scim.Api.Provisioning;

/// <summary>The provisioning log, for the portal of <c>Auth.Server</c>: as pages, and as a CSV file.</summary>
internal static class ProvisioningLogApi
{
    private const int PageSize = 50;
    private const int CsvPageSize = 500;

    private static readonly string[] csvColumns =
    [
        "time", "outcome", "operation", "status", "scimType", "reason", "userName", "userId", "changed", "habits",
        "administrator", "credentialSet", "requestId", "id", "notApplied", "repeats",
    ];

    public static void MapProvisioningLog(this IEndpointRouteBuilder portal)
    {
        portal.MapGet("/events", List);
        portal.MapGet("/events.csv", Download);
    }

    private static async Task<IResult> List(
        EventQuery query, Caller caller, ScimDbContext db, SearchBudget budget, CancellationToken cancellation)
    {
        var (events, next) = await query.Read(db, budget, caller.AccountId, PageSize, cancellation);
        return Results.Json(new PortalEvents { Events = [.. events.Select(one => one.ToPortalEvent())], Next = next });
    }

    private static async Task<IResult> Download(
        EventQuery query, Caller caller, LargeMessage message, ScimDbContext db, SearchBudget budget, HttpContext http,
        CancellationToken cancellation)
    {
        await message.TakeSlot(cancellation);
        return Results.Stream(
            async body =>
            {
                try
                {
                    var events = All(query, caller.AccountId, db, budget, cancellation);
                    await Csv.Write(body, csvColumns, events.Select(CsvRow), cancellation);
                }
                catch when (http.Response.HasStarted)
                {
                    // Otherwise an incomplete file would look like the whole log.
                    http.Abort();
                    throw;
                }
            },
            Csv.MediaType,
            "provisioning-log.csv");
    }

    /// <summary>All pages of the query. The database queries are short, so that a slow reader blocks nothing.</summary>
    private static async IAsyncEnumerable<ProvisioningEvent> All(
        EventQuery query, Guid accountId, ScimDbContext db, SearchBudget budget,
        [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (Guid? next = null; ;)
        {
            (var events, next) = await (next is null ? query : query with { Before = next })
                .Read(db, budget, accountId, CsvPageSize, cancellation);
            foreach (var one in events)
                yield return one;
            if (next is null)
                yield break;
        }
    }

    private static string?[] CsvRow(ProvisioningEvent one) =>
    [
        Csv.Time(one.Time), one.Outcome, one.Operation, one.Status.ToString(CultureInfo.InvariantCulture), one.ScimType,
        one.Reason, one.UserName, one.UserId?.ToString(), one.Changed, one.Habits, one.Administrator,
        one.CredentialSetId?.ToString(), one.RequestId, one.Id.ToString(), one.NotApplied,
        one.Repeats.ToString(CultureInfo.InvariantCulture),
    ];
}
