using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Pages.Security;
using Auth.Server.Provisioning;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Operators;

/// <summary>The settings of one account. A change needs a reason, which the customer's audit log shows.</summary>
[RecentSignIn(OnlyForms = true, Except = "View")]
internal sealed class AccountModel(AccountRegister accounts, Sessions sessions, SeatCounts seats) : PortalPage
{
    public const int MaxReasonLength = 300;

    [FromRoute]
    public Guid Id { get; set; }

    [BindProperty]
    public AccountForm? Form { get; set; }

    /// <summary>The settings that the form showed, as JSON.</summary>
    [BindProperty]
    public string? Shown { get; set; }

    [BindProperty]
    public string? Reason { get; set; }

    [TempData]
    public string? Done { get; set; }

    /// <summary>Null if there is no such account.</summary>
    public Account? Account { get; private set; }

    /// <summary>The seats in use by product; null if <c>Scim.Api</c> cannot be reached.</summary>
    public IReadOnlyDictionary<string, int>? InUse { get; private set; }

    public static string AddressOf(Guid id) => $"{AccountsModel.Path}/accounts/{id}";

    public Task OnGet(CancellationToken cancellation) => Load(cancellation);

    public async Task<IActionResult> OnPost(CancellationToken cancellation)
    {
        var reason = (Reason ?? "").Trim();
        if (reason.Length is 0 or > MaxReasonLength)
            throw ProblemException.Invalid($"Give a reason of at most {MaxReasonLength} characters.");
        var change = (Form ?? new()).ChangesSince(AccountForm.Parse(Shown), reason);
        var account = await accounts.Update(Id, change, Actor, cancellation);
        var changes = change with { Reason = null };
        Done = $"{account.Name} was changed: {changes}.";
        return LocalRedirect(AddressOf(Id));
    }

    /// <summary>Opens the account's portal as its administrators see it, read-only.</summary>
    public async Task<IActionResult> OnPostView(CancellationToken cancellation)
    {
        var session = await sessions.BeginView(Administrator, Id, Visitor.From(HttpContext), cancellation);
        await HttpContext.SignInAsync(Site.Portal.Scheme, SignedIn.From(session).ToPrincipal());
        return LocalRedirect(Site.Portal.Home);
    }

    protected override async Task Load(CancellationToken cancellation)
    {
        try
        {
            Account = await accounts.Get(Id, cancellation);
        }
        catch (ProblemException missing)
        {
            (Response.StatusCode, Refusal) = (missing.Status, missing.Message);
            return;
        }

        InUse = (await seats.Of([Id], cancellation))?[Id];
        // A refused form keeps what was filled in, and what it showed.
        if (Form is null)
            (Form, Shown) = (AccountForm.Of(Account), AccountForm.Of(Account).ToJson());
    }
}
