using System.ComponentModel.DataAnnotations;
using Auth.Server.Accounts;
using Auth.Server.Audit;
using Microsoft.AspNetCore.Mvc;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Shows and changes the people of the account, whoever created them. <c>Scim.Api</c> stores them and enforces the
/// rules; its error messages are shown unchanged. While it cannot be reached, the rest of the page still works.
/// </summary>
internal sealed class UserManagementModel(AccountRegister accounts, ScimApi scim, PendingActions pending) : PortalPage
{
    private const string Path = "/settings/user-management";

    // Which of the two forms was sent, which decides where a refusal is shown.
    private bool isAdding;

    [FromQuery(Name = "search")]
    public string? Search { get; set; }

    [FromQuery(Name = "page")]
    public int? RequestedPage { get; set; }

    /// <summary>The value entered under <i>Add user</i>.</summary>
    [BindProperty]
    public string? Email { get; set; }

    // Not converted to null: people who have only one name can enter a space for the other.
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

    /// <summary>Null while <c>Scim.Api</c> cannot be reached; <see cref="ListRefusal"/> says why.</summary>
    public PortalUsers? People { get; private set; }

    public string? ListRefusal { get; private set; }

    public string? AddRefusal { get; private set; }

    public string? ActiveRefusal { get; private set; }

    public bool NamesAreRequired => Account.AttributeRules == AttributeRuleSets.Guide;

    public int LastPage => Math.Max(1, (People!.Total + People.PageSize - 1) / People.PageSize);

    /// <summary>How many people are on earlier pages.</summary>
    public int Before => (People!.Page - 1) * People.PageSize;

    /// <summary>The address of a page of the list, optionally with a handler.</summary>
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

    public async Task<IActionResult> OnPostAdd()
    {
        var email = (Email ?? "").Trim();
        var person = new NewPortalUser
        {
            Email = email,
            FirstName = NullIfEmpty(FirstName),
            LastName = NullIfEmpty(LastName),
            DisplayName = NullIfEmpty(DisplayName?.Trim()),
        };
        isAdding = true;
        await Change(AuditAction.AddPerson, email, () => scim.Add(Administrator, person));
        Done = $"{email} was added.";
        return LocalRedirect(Path + QueryString.Create("search", email));
    }

    public async Task<IActionResult> OnPostSetActive(Guid id, bool active, string? name)
    {
        await Change(
            active ? AuditAction.ReactivatePerson : AuditAction.DeactivatePerson,
            $"{id}",
            () => scim.SetActive(Administrator, id, active));
        Done = $"{name} was {(active ? "reactivated" : "deactivated")}.";
        return LocalRedirect(AddressOf(RequestedPage ?? 1));
    }

    public override async Task<IActionResult> Refuse(ProblemException refusal, CancellationToken cancellation)
    {
        (AddRefusal, ActiveRefusal) = isAdding ? (refusal.Message, (string?)null) : (null, refusal.Message);
        Response.StatusCode = StatusOf(refusal);
        await Load(cancellation);
        return Page();
    }

    protected override async Task Load(CancellationToken cancellation)
    {
        Account = await accounts.Get(Administrator.AccountId, cancellation);
        try
        {
            People = await scim.List(Administrator, Search?.Trim(), Math.Max(1, RequestedPage ?? 1), cancellation);
        }
        // The rest of the page is useful without the list.
        catch (ProblemException refusal)
        {
            (Response.StatusCode, ListRefusal) = (StatusOf(refusal), refusal.Message);
        }
    }

    /// <summary>
    /// Sends a change to <c>Scim.Api</c> with one audit entry. It continues if the browser disconnects.
    /// </summary>
    private Task Change(AuditAction action, string about, Func<Task> act) =>
        pending.Record(Actor, action, Administrator.AccountId, about, act);

    // If Scim.Api refuses the portal itself, the administrator's request is not to blame.
    private static int StatusOf(ProblemException refusal) =>
        refusal.Status is 400 or 403 or 404 or 409 or 429 ? refusal.Status : StatusCodes.Status503ServiceUnavailable;

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
