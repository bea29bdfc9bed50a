using System.Globalization;
using Auth.Server.Administrators;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// What identity providers and administrators tried with the account's people, and what came of it: here somebody finds
/// out why Jane was not provisioned. <c>Scim.Api</c> has the events; its refusals are shown in its own words.
/// </summary>
internal sealed class ProvisioningLogModel(ScimApi scim) : PageModel
{
    public const string Path = "/settings/provisioning-log";

    [FromQuery(Name = "search")]
    public string? Search { get; set; }

    [FromQuery(Name = "outcome")]
    public string? Outcome { get; set; }

    /// <summary>The id of the only user whose events are wanted, and the userName.</summary>
    [FromQuery(Name = "user")]
    public string? UserId { get; set; }

    [FromQuery(Name = "userName")]
    public string? UserName { get; set; }

    [FromQuery(Name = "before")]
    public string? Before { get; set; }

    /// <summary>Null while <c>Scim.Api</c> cannot be asked; <see cref="Refusal"/> says why.</summary>
    public PortalEvents? Log { get; private set; }

    public string? Refusal { get; private set; }

    public bool IsAboutUser => !string.IsNullOrEmpty(UserId) || !string.IsNullOrEmpty(UserName);

    public bool IsSearch => !string.IsNullOrWhiteSpace(Search) || !string.IsNullOrEmpty(Outcome) || IsAboutUser;

    /// <summary>All events of a user: by id, and before there was one by the userName.</summary>
    public static string AddressOfUser(Guid? id, string? userName) =>
        Path + Query(("user", $"{id}"), ("userName", userName));

    /// <summary>This search from its newest events on, or from those before an event.</summary>
    public string AddressOf(Guid? before) => Path + QueryBefore($"{before}");

    public string AddressOfCsv() => Path + QueryBefore(null).Add("handler", "Csv");

    public static string TimeOf(PortalEvent entry) =>
        entry.Time.ToString("d MMM yyyy, HH:mm:ss 'UTC'", CultureInfo.InvariantCulture);

    public static string NameOf(string outcome) => char.ToUpperInvariant(outcome[0]) + outcome[1..];

    /// <summary>What happened, in two words.</summary>
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

    /// <summary>Names without the URN of their schema, which says nothing to people.</summary>
    public static string ListOf(IEnumerable<string> names) =>
        string.Join(", ", names.Select(name => name[(name.LastIndexOf(':') + 1)..]));

    public Task OnGet(CancellationToken cancellation) => Try(async administrator =>
        Log = await scim.Events(administrator, QueryBefore(Before), cancellation));

    public async Task<IActionResult> OnGetCsv(CancellationToken cancellation)
    {
        HttpResponseMessage? csv = null;
        await Try(async administrator =>
            csv = await scim.EventsAsCsv(administrator, QueryBefore(null), cancellation));
        if (csv is null)
            return Page();
        HttpContext.Response.RegisterForDispose(csv);
        return File(
            await csv.Content.ReadAsStreamAsync(cancellation), "text/csv; charset=utf-8", "provisioning-log.csv");
    }

    /// <summary>Asks <c>Scim.Api</c>. A refusal becomes this page's status and is shown.</summary>
    private async Task Try(Func<SignedIn, Task> ask)
    {
        try
        {
            await ask(SignedIn.From(User));
        }
        catch (ProblemException problem)
        {
            // That the portal itself was not let in is no fault of the person's request.
            Response.StatusCode =
                problem.Status is 400 or 403 ? problem.Status : StatusCodes.Status503ServiceUnavailable;
            Refusal = problem.Message;
        }
    }

    private QueryString QueryBefore(string? before) => Query(
        ("search", Search?.Trim()), ("outcome", Outcome), ("user", UserId), ("userName", UserName), ("before", before));

    private static QueryString Query(params (string Name, string? Value)[] parameters) => parameters
        .Where(parameter => !string.IsNullOrEmpty(parameter.Value))
        .Aggregate(QueryString.Empty, (query, parameter) => query.Add(parameter.Name, parameter.Value!));
}
