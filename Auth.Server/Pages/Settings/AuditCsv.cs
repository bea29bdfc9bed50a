using System.Runtime.CompilerServices;
using Auth.Server.Audit;
using Auth.Server.Data;
using Microsoft.AspNetCore.Mvc;
using Shared.Hosting;

namespace Auth.Server.Pages.Settings;

/// <summary>Streams all entries of a query as a CSV file (RFC 4180).</summary>
internal sealed class AuditCsv(AuthDbContext db, AuditQuery query, string fileName) : IActionResult
{
    private const int BatchSize = 500;

    private static readonly string[] columns =
        ["time", "action", "outcome", "by", "about", "detail", "address", "userAgent", "id"];

    public async Task ExecuteResultAsync(ActionContext context)
    {
        var response = context.HttpContext.Response;
        response.ContentType = Csv.MediaType;
        response.Headers.ContentDisposition = $"attachment; filename={fileName}";
        var cancellation = context.HttpContext.RequestAborted;
        await Csv.Write(response.Body, columns, Read(cancellation).Select(Row), cancellation);
    }

    private static string?[] Row(AuditEntry entry)
    {
        var byAdministrator = entry.ActorKind == ActorKind.Administrator;
        return
        [
            Csv.Time(entry.Time), $"{entry.Action}", $"{entry.Outcome}", AuditLogModel.ActorOf(entry), entry.About,
            entry.Detail, byAdministrator ? entry.Address : null, byAdministrator ? entry.UserAgent : null,
            $"{entry.Id}",
        ];
    }

    private async IAsyncEnumerable<AuditEntry> Read([EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var remaining = query; ;)
        {
            var entries = await remaining.Read(db, BatchSize, cancellation);
            foreach (var entry in entries)
                yield return entry;
            if (entries.Count < BatchSize)
                yield break;
            remaining = remaining with { Before = entries[^1].Id };
        }
    }
}
