using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Shows what identity providers and administrators did with the account's people, and why something was refused. The
/// events come from <c>Scim.Api</c>, whose error messages are shown unchanged.
/// </summary>
internal sealed class ProvisioningLogModel(ScimApi scim) : PortalPage
{
    public const string Path = "/settings/provisioning-log";

    [FromQuery(Name = "search")]
    public string? Search { get; set; }

    [FromQuery(Name = "outcome")]
    public string? Outcome { get; set; }

    /// <summary>The id of the user whose events are shown.</summary>
    [FromQuery(Name = "user")]
    public string? UserId { get; set; }

    /// <summary>The <c>userName</c> of the user whose events are shown.</summary>
    [FromQuery(Name = "userName")]
    public string? UserName { get; set; }

    [FromQuery(Name = "before")]
    public string? Before { get; set; }

    /// <summary>Null while <c>Scim.Api</c> cannot be reached; <see cref="PortalPage.Refusal"/> says why.</summary>
    public PortalEvents? Log { get; private set; }

    public bool IsAboutUser => !string.IsNullOrEmpty(UserId) || !string.IsNullOrEmpty(UserName);

    public bool IsSearch => !string.IsNullOrWhiteSpace(Search) || !string.IsNullOrEmpty(Outcome) || IsAboutUser;

    /// <summary>All events of a user: by the id and, for events before it existed, by the <c>userName</c>.</summary>
    public static string AddressOfUser(Guid? id, string? userName) =>
        Path + Query(("user", $"{id}"), ("userName", userName));

    /// <summary>The address of this search: its newest events, or those before an event.</summary>
    public string AddressOf(Guid? before) => Path + QueryBefore($"{before}");

    public string AddressOfCsv() => Path + QueryBefore(null).Add("handler", "Csv");

    public static string TimeOf(PortalEvent entry) =>
        entry.Time.ToString("d MMM yyyy, HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    public static string NameOf(string outcome) => char.ToUpperInvariant(outcome[0]) + outcome[1..];

    /// <summary>A short title of an event.</summary>
    public static string TitleOf(PortalEvent entry) => entry switch
    {
        { Outcome: not ProvisioningOutcomes.Refused } => NameOf(entry.Outcome),
        { Operation: ProvisioningOperations.Create } => "Creation refused",
        { Operation: ProvisioningOperations.Replace or ProvisioningOperations.Patch } => "Update refused",
        { Operation: ProvisioningOperations.Delete } => "Deletion refused",
        _ => "Request refused",
    };

    public static string ActorOf(PortalEvent entry) =>
        entry.Administrator ?? (entry.CredentialSet is null ? "SciLeads" : "Identity provider");

    /// <summary>A list of attribute names, without the URN of their schema.</summary>
    public static string ListOf(IEnumerable<string> names) =>
        string.Join(", ", names.Select(name => name[(name.LastIndexOf(':') + 1)..]));

    public async Task OnGet(CancellationToken cancellation) =>
        Log = await scim.Events(Administrator, QueryBefore(Before), cancellation);

    public async Task<IActionResult> OnGetCsv(CancellationToken cancellation)
    {
        var csv = await scim.EventsAsCsv(Administrator, QueryBefore(null), cancellation);
        HttpContext.Response.RegisterForDispose(csv);
        return File(
            await csv.Content.ReadAsStreamAsync(cancellation), "text/csv; charset=utf-8", "provisioning-log.csv");
    }

    public override async Task<IActionResult> Refuse(ProblemException refusal, CancellationToken cancellation)
    {
        var page = await base.Refuse(refusal, cancellation);
        // If Scim.Api refuses the portal itself, the administrator's request is not to blame.
        if (refusal.Status is not (400 or 403))
            Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        return page;
    }

    private QueryString QueryBefore(string? before) => Query(
        ("search", Search?.Trim()), ("outcome", Outcome), ("user", UserId), ("userName", UserName), ("before", before));

    private static QueryString Query(params (string Name, string? Value)[] parameters) => parameters
        .Where(parameter => !string.IsNullOrEmpty(parameter.Value))
        .Aggregate(QueryString.Empty, (query, parameter) => query.Add(parameter.Name, parameter.Value!));
}
