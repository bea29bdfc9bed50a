using System.Globalization;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Data;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Shows what was done in the account, by whom and from where. The names of SciLeads' own staff are not shown.
/// </summary>
internal sealed class AuditLogModel(AuthDbContext db) : PageModel
{
    public const string Path = "/settings/audit-log";

    private const int PageSize = 50;

    [FromQuery(Name = "before")]
    public long? Before { get; set; }

    public IReadOnlyList<AuditEntry> Entries { get; private set; } = [];

    /// <summary>The last entry of this page, before which the next page begins; null on the last page.</summary>
    public long? Next { get; private set; }

    /// <summary>The action in words: <c>Generate credentials</c>.</summary>
    public static string TitleOf(AuditEntry entry)
    {
        var name = $"{entry.Action}";
        return string.Concat(name.Select(
            (letter, at) => at > 0 && char.IsUpper(letter) ? $" {char.ToLowerInvariant(letter)}" : $"{letter}"));
    }

    public static string TimeOf(AuditEntry entry) =>
        entry.Time.ToString("d MMM yyyy, HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    public static string ActorOf(AuditEntry entry) =>
        entry.ActorKind is ActorKind.Administrator or ActorKind.Client ? entry.ActorName : "SciLeads";

    /// <summary>The address and the browser.</summary>
    public static string? OriginOf(AuditEntry entry) =>
        entry is { ActorKind: ActorKind.Administrator, Address: { } address }
            ? $"{address}, {Visitor.Describe(entry.UserAgent)}"
            : null;

    public async Task OnGet(CancellationToken cancellation)
    {
        var found = await Query(Before).Read(db, PageSize + 1, cancellation);
        Entries = [.. found.Take(PageSize)];
        Next = found.Count > PageSize ? Entries[^1].Id : null;
    }

    public IActionResult OnGetCsv() => new AuditCsv(db, Query(null), "audit-log.csv");

    private AuditQuery Query(long? before) => new(SignedIn.From(User).AccountId, Before: before);
}
