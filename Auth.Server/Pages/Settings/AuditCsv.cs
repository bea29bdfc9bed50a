using System.Runtime.CompilerServices;
using Auth.Server.Audit;
using Auth.Server.Data;
using Microsoft.AspNetCore.Mvc;
using Shared.Hosting;

namespace Auth.Server.Pages.Settings;

/// <summary>Streams all entries of a query as a CSV file (RFC 4180).</summary>
internal sealed class AuditCsv(AuthDbContext db, AuditQuery query, AuditText text, string fileName) : IActionResult
{
    private const int BatchSize = 500;

    private static readonly string[] columns =
        ["time", "what", "action", "outcome", "by", "about", "detail", "address", "userAgent", "id"];

    public async Task ExecuteResultAsync(ActionContext context)
    {
        var response = context.HttpContext.Response;
        response.ContentType = Csv.MediaType;
        response.Headers.ContentDisposition = $"attachment; filename={fileName}";
        var cancellation = context.HttpContext.RequestAborted;
        await Csv.Write(response.Body, columns, Read(cancellation).Select(Row), cancellation);
    }

    private string?[] Row(AuditEntry entry)
    {
        // Where SciLeads' staff work is not the customer's business.
        var isCustomer = entry.ActorKind is ActorKind.Administrator or ActorKind.Client;
        return
        [
            Csv.Time(entry.Time), text.SentenceOf(entry), $"{entry.Action}", $"{entry.Outcome}",
            AuditText.ActorOf(entry), text.SubjectOf(entry), text.DetailOf(entry), isCustomer ? entry.Address : null,
            isCustomer ? entry.UserAgent : null, $"{entry.Id}",
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
