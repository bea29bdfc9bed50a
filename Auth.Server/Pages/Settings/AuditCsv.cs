using System.Globalization;
using System.Text;
using Auth.Server.Audit;
using Auth.Server.Data;
using CsvHelper;
using CsvHelper.Configuration;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Settings;

/// <summary>All entries of a query as a CSV file (RFC 4180), written as they are read.</summary>
internal sealed class AuditCsv(AuthDbContext db, AuditQuery query, string fileName) : IActionResult
{
    private const int Step = 500;

    public async Task ExecuteResultAsync(ActionContext context)
    {
        var response = context.HttpContext.Response;
        response.ContentType = "text/csv; charset=utf-8";
        response.Headers.ContentDisposition = $"attachment; filename={fileName}";
        // With the mark, or Excel takes it for another encoding.
        await using var text = new StreamWriter(response.Body, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        await using var csv = new CsvWriter(text, new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            NewLine = "\r\n",
            // What begins as a formula would be run by the spreadsheet of whoever opens the file.
            InjectionOptions = InjectionOptions.Escape,
            InjectionCharacters = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'],
        });
        Write(csv, ["time", "action", "outcome", "by", "about", "detail", "address", "userAgent", "id"]);
        await foreach (var entry in Read(context.HttpContext.RequestAborted))
        {
            await csv.NextRecordAsync();
            var byAdministrator = entry.ActorKind == ActorKind.Administrator;
            Write(csv, [
                entry.Time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture), $"{entry.Action}",
                $"{entry.Outcome}", AuditLogModel.ActorOf(entry), entry.About, entry.Detail,
                byAdministrator ? entry.Address : null, byAdministrator ? entry.UserAgent : null, $"{entry.Id}",
            ]);
        }

        await csv.NextRecordAsync();
    }

    private async IAsyncEnumerable<AuditEntry> Read(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        for (var rest = query; ;)
        {
            var entries = await rest.Read(db, Step, cancellation);
            foreach (var entry in entries)
                yield return entry;
            if (entries.Count < Step)
                yield break;
            rest = rest with { Before = entries[^1].Id };
        }
    }

    private static void Write(CsvWriter csv, string?[] fields)
    {
        foreach (var field in fields)
            csv.WriteField(field);
    }
}
