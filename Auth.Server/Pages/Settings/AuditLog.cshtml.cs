using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Data;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Shows what was done in the account, by whom and from where. The names of SciLeads' own staff are not shown.
/// </summary>
internal sealed class AuditLogModel(AuthDbContext db, CredentialHistory credentials, ManagementClients clients)
    : PortalPage
{
    public const string Path = "/settings/audit-log";

    private const int PageSize = 50;

    /// <summary>What is shown, as the address of the page says.</summary>
    public AuditView View { get; private set; } = null!;

    public AuditText Text { get; private set; } = null!;

    public IReadOnlyList<AuditEntry> Entries { get; private set; } = [];

    public bool HasNext { get; private set; }

    /// <summary>The names that the filter suggests; those of former administrators can be typed.</summary>
    public IReadOnlyList<string> Actors { get; private set; } = [];

    public async Task OnGet(CancellationToken cancellation)
    {
        await Load(cancellation);
        var found = await Query().Read(db, PageSize + 1, cancellation);
        // Not enough newer entries for a whole page: the first page shows them, and some older ones.
        if (View.IsPrevious && found.Count <= PageSize)
        {
            View = View.First();
            found = await Query().Read(db, PageSize + 1, cancellation);
        }
        HasNext = View.IsPrevious || found.Count > PageSize;
        Entries = [.. View.IsPrevious ? found.TakeLast(PageSize) : found.Take(PageSize)];
    }

    public async Task<IActionResult> OnGetCsv(CancellationToken cancellation)
    {
        await Load(cancellation);
        return new AuditCsv(db, Query(), Text, "audit-log.csv");
    }

    protected override async Task Load(CancellationToken cancellation)
    {
        var account = Administrator.AccountId;
        View = new(Request.Query);
        Text = new(await credentials.List(account, cancellation));
        Actors =
        [
            Actor.Server.Name,
            .. await db.Administrators.Where(administrator => administrator.AccountId == account)
                .OrderBy(administrator => administrator.NormalizedEmail)
                .Select(administrator => administrator.Email!).ToListAsync(cancellation),
            .. (await clients.List(account, cancellation)).Select(client => client.DisplayName!).Distinct(),
        ];
    }

    private AuditQuery Query() => View.QueryOf(Administrator.AccountId, Text);
}
