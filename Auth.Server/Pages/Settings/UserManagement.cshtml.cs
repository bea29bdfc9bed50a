using System.ComponentModel.DataAnnotations;
using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// The people of the account, whoever made them. <c>Scim.Api</c> has them and keeps the rules; its refusals are shown
/// in its own words, and while it is away the rest of the page still stands.
/// </summary>
internal sealed class UserManagementModel(AccountRegister accounts, ScimApi scim, PendingActions pending) : PageModel
{
    private const string Path = "/settings/user-management";

    [FromQuery(Name = "search")]
    public string? Search { get; set; }

    [FromQuery(Name = "page")]
    public int? PageAsked { get; set; }

    /// <summary>What was typed into <i>Add user</i>.</summary>
    [BindProperty]
    public string? Email { get; set; }

    // As it was typed: a single space is the name of a person who has only one, which forms otherwise bind as null.
    [BindProperty]
    [DisplayFormat(ConvertEmptyStringToNull = false)]
    public string? FirstName { get; set; }

    [BindProperty]
    [DisplayFormat(ConvertEmptyStringToNull = false)]
    public string? LastName { get; set; }

    [BindProperty]
    public string? DisplayName { get; set; }

    [TempData]
    public string? Done { get; set; }

    public Account Account { get; private set; } = null!;

    /// <summary>Null while <c>Scim.Api</c> cannot be asked; <see cref="ListRefusal"/> says why.</summary>
    public PortalUsers? People { get; private set; }

    public string? ListRefusal { get; private set; }

    public string? AddRefusal { get; private set; }

    public string? ActiveRefusal { get; private set; }

    public bool NamesAreRequired => Account.AttributeRules == AttributeRuleSets.Guide;

    public int LastPage => Math.Max(1, (People!.Total + People.PageSize - 1) / People.PageSize);

    /// <summary>How many people of the list come before this page's.</summary>
    public int Before => (People!.Page - 1) * People.PageSize;

    /// <summary>This page at a page of the list, or a handler of it.</summary>
    public string AddressOf(int page, string? handler = null)
    {
        var query = QueryString.Empty;
        if (!string.IsNullOrEmpty(Search))
            query = query.Add("search", Search);
        if (page > 1)
            query = query.Add("page", $"{page}");
        if (handler is not null)
            query = query.Add("handler", handler);
        return Path + query;
    }

    public Task OnGet(CancellationToken cancellation) => Load(cancellation);

    public async Task<IActionResult> OnPostAdd(CancellationToken cancellation)
    {
        var email = (Email ?? "").Trim();
        var person = new NewPortalUser
        {
            Email = email,
            FirstName = Given(FirstName),
            LastName = Given(LastName),
            DisplayName = Given(DisplayName?.Trim()),
        };
        AddRefusal = await TryAudited(
            AuditAction.AddPerson, email, () => scim.Add(SignedIn.From(User), person));
        if (AddRefusal is null)
        {
            Done = $"{email} was added.";
            return LocalRedirect(Path + QueryString.Create("search", email));
        }

        await Load(cancellation);
        return Page();
    }

    public async Task<IActionResult> OnPostSetActive(Guid id, bool active, string? name, CancellationToken cancellation)
    {
        ActiveRefusal = await TryAudited(
            active ? AuditAction.ReactivatePerson : AuditAction.DeactivatePerson,
            $"{id}",
            () => scim.SetActive(SignedIn.From(User), id, active));
        if (ActiveRefusal is null)
        {
            Done = $"{name} was {(active ? "reactivated" : "deactivated")}.";
            return LocalRedirect(AddressOf(PageAsked ?? 1));
        }

        await Load(cancellation);
        return Page();
    }

    private async Task Load(CancellationToken cancellation)
    {
        var administrator = SignedIn.From(User);
        Account = await accounts.Get(administrator.AccountId, cancellation);
        ListRefusal = await Try(async () =>
            People = await scim.List(administrator, Search?.Trim(), Math.Max(1, PageAsked ?? 1), cancellation));
    }

    /// <summary>Has <c>Scim.Api</c> change something, which goes on if the browser leaves. One entry tells of it.</summary>
    private Task<string?> TryAudited(AuditAction action, string about, Func<Task> act) =>
        Try(() => pending.Record(action, SignedIn.From(User).AccountId, about, act));

    /// <summary>Asks <c>Scim.Api</c>. A refusal becomes this page's status, and its sentence is returned.</summary>
    private async Task<string?> Try(Func<Task> act)
    {
        try
        {
            await act();
            return null;
        }
        catch (ProblemException problem)
        {
            // That the portal itself was not let in is no fault of the person's request.
            Response.StatusCode = problem.Status is 400 or 403 or 404 or 409 or 429
                ? problem.Status
                : StatusCodes.Status503ServiceUnavailable;
            return problem.Message;
        }
    }

    private static string? Given(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
