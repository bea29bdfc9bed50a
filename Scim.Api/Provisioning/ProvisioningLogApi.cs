using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Provisioning;

/// <summary>The provisioning log, as the portal of <c>Auth.Server</c> shows it and lets it be saved.</summary>
internal static class ProvisioningLogApi
{
    private const int PageSize = 50;
    private const int CsvStep = 500;

    public static void MapProvisioningLog(this IEndpointRouteBuilder portal)
    {
        portal.MapGet("/events", List);
        portal.MapGet("/events.csv", Save);
    }

    private static async Task<IResult> List(
        EventQuery query, Caller caller, ScimDbContext db, CancellationToken cancellation)
    {
        var (events, next) = await query.Read(db, caller.AccountId, PageSize, cancellation);
        return Results.Json(new PortalEvents { Events = [.. events.Select(Row)], Next = next });
    }

    private static async Task<IResult> Save(
        EventQuery query, Caller caller, LargeMessage message, ScimDbContext db, HttpContext http,
        CancellationToken cancellation)
    {
        await message.TakeSlot(cancellation);
        return Results.Stream(
            async body =>
            {
                try
                {
                    await WriteCsv(body, All(query, caller.AccountId, db, cancellation), cancellation);
                }
                catch when (http.Response.HasStarted)
                {
                    // Nobody shall take what came for the whole log.
                    http.Abort();
                    throw;
                }
            },
            "text/csv; charset=utf-8",
            "provisioning-log.csv");
    }

    /// <summary>All events from the query on, in short queries: a slow reader holds nothing up.</summary>
    private static async IAsyncEnumerable<ProvisioningEvent> All(
        EventQuery query, Guid accountId, ScimDbContext db, [EnumeratorCancellation] CancellationToken cancellation)
    {
        for (Guid? next = null; ;)
        {
            (var events, next) = await (next is null ? query : query with { Before = next })
                .Read(db, accountId, CsvStep, cancellation);
            foreach (var one in events)
                yield return one;
            if (next is null)
                yield break;
        }
    }

    private static async Task WriteCsv(
        Stream body, IAsyncEnumerable<ProvisioningEvent> events, CancellationToken cancellation)
    {
        // With the mark, or Excel takes it for another encoding.
        await using var text = new StreamWriter(body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        await using var csv = new CsvWriter(text, new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            NewLine = "\r\n",
            // What begins as a formula would be run by the spreadsheet of whoever opens the file.
            InjectionOptions = InjectionOptions.Escape,
            InjectionCharacters = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'],
        });
        Write(csv, [
            "time", "outcome", "operation", "status", "scimType", "reason", "userName", "userId", "changed", "habits",
            "administrator", "credentialSet", "requestId", "id", "notApplied",
        ]);
        await foreach (var one in events.WithCancellation(cancellation))
        {
            await csv.NextRecordAsync();
            Write(csv, [
                one.Time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), one.Outcome,
                one.Operation, one.Status.ToString(CultureInfo.InvariantCulture), one.ScimType, one.Reason,
                one.UserName, one.UserId?.ToString(), one.Changed, one.Habits, one.Administrator,
                one.CredentialSetId?.ToString(), one.RequestId, one.Id.ToString(), one.NotApplied,
            ]);
        }
        await csv.NextRecordAsync();
    }

    private static void Write(CsvWriter csv, string?[] fields)
    {
        foreach (var field in fields)
            csv.WriteField(field);
    }

    private static PortalEvent Row(ProvisioningEvent one) => new()
    {
        Id = one.Id,
        Time = one.Time,
        CredentialSet = one.CredentialSetId,
        Administrator = one.Administrator,
        Operation = one.Operation,
        UserId = one.UserId,
        UserName = one.UserName,
        Outcome = one.Outcome,
        Status = one.Status,
        ScimType = one.ScimType,
        Reason = one.Reason,
        Changed = ProvisioningEvent.Split(one.Changed),
        NotApplied = ProvisioningEvent.Split(one.NotApplied) is { Count: > 0 } names ? names : null,
        Habits = ProvisioningEvent.Split(one.Habits),
        RequestId = one.RequestId,
    };
}
