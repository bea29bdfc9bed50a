using Auth.Server.Credentials;
using Microsoft.AspNetCore.Mvc;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Shows what identity providers and administrators did with the account's people, and why something was refused. The
/// events come from <c>Scim.Api</c>, whose error messages are shown unchanged.
/// </summary>
internal sealed class ProvisioningLogModel(ScimApi scim, CredentialHistory credentials) : ScimApiPage
{
    public const string Path = "/settings/provisioning-log";

    /// <summary>The handler of the event stream, which is not a use of the session.</summary>
    public const string StreamHandler = "Stream";

    /// <summary>What is shown, as the address of the page says.</summary>
    public LogView View { get; private set; } = null!;

    /// <summary>Null while <c>Scim.Api</c> cannot be reached; <see cref="PortalPage.Refusal"/> says why.</summary>
    public PortalEvents? Log { get; private set; }

    /// <summary>The account's credential sets, the newest first.</summary>
    public IReadOnlyList<CredentialSet> Sets { get; private set; } = [];

    public EventText Text { get; private set; } = null!;

    public IEnumerable<LogRow> Rows => LogRow.Of(Log!.Events, Text);

    /// <summary>All events of a user: by the id and, for events before it existed, by the <c>userName</c>.</summary>
    public static string AddressOfUser(Guid? id, string? userName)
    {
        var query = QueryString.Empty;
        if (id is not null)
            query = query.Add(PortalEventParameters.User, $"{id}");
        if (!string.IsNullOrEmpty(userName))
            query = query.Add(PortalEventParameters.UserName, userName);
        return Path + query;
    }

    public async Task OnGet(CancellationToken cancellation)
    {
        await Load(cancellation);
        Log = await scim.Events(Administrator, View.Query, cancellation);
    }

    public async Task<IActionResult> OnGetCsv(CancellationToken cancellation)
    {
        await Load(cancellation);
        var csv = await scim.EventsAsCsv(Administrator, View.Newest().Query, cancellation);
        HttpContext.Response.RegisterForDispose(csv);
        return File(
            await csv.Content.ReadAsStreamAsync(cancellation), "text/csv; charset=utf-8", "provisioning-log.csv");
    }

    /// <summary>Streams the rows of new events.</summary>
    public async Task<IActionResult> OnGetStream(Guid after, CancellationToken cancellation)
    {
        await Load(cancellation);
        // A browser that opens the stream again says what it has received.
        if (Guid.TryParse(Request.Headers["Last-Event-ID"], out var received))
            after = received;
        return new EventStream(this, scim, Administrator, View.Newest().Query, after);
    }

    /// <summary>The rows of events as HTML.</summary>
    public Task<string> Render(IReadOnlyList<PortalEvent> events) =>
        EventStream.Render(this, TempData, "_LogRows", LogRow.Of(events, Text));

    protected override async Task Load(CancellationToken cancellation)
    {
        View = new(Request.Query);
        Sets = await credentials.List(Administrator.AccountId, cancellation);
        Text = new(Sets.ToDictionary(set => set.Id));
    }
}
