using System.ComponentModel.DataAnnotations;
using Auth.Server.Accounts;
using Auth.Server.Audit;
using Microsoft.AspNetCore.Mvc;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// Lists the people of the account, whoever created them, and adds people. <c>Scim.Api</c> stores them and enforces the
/// rules; its error messages are shown unchanged. While it cannot be reached, the rest of the page still works.
/// </summary>
internal sealed class UserManagementModel(AccountRegister accounts, ScimApi scim, PendingActions pending) : ScimApiPage
{
    public const string Path = "/settings/user-management";

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

    /// <summary>What is shown of the list, as the address of the page says.</summary>
    public PeopleView View { get; private set; } = null!;

    /// <summary>Null while <c>Scim.Api</c> cannot be reached; <see cref="ListRefusal"/> says why.</summary>
    public PortalUsers? People { get; private set; }

    public string? ListRefusal { get; private set; }

    public override IReadOnlyList<PageError> Errors => PageError.Of(Refusal ?? ListRefusal);

    public bool NamesAreRequired => Account.AttributeRules == AttributeRuleSets.Guide;

    public static string AddressOfSearch(string text) =>
        Path + QueryString.Create(PortalUserParameters.Search, text);

    /// <summary>A person's name, as a list shows it.</summary>
    public static string NameOf(PortalUser person)
    {
        var full = string.Join(
            ' ', new[] { person.FirstName, person.LastName }.Where(name => !string.IsNullOrWhiteSpace(name)));
        return string.IsNullOrWhiteSpace(person.DisplayName) ? full is "" ? person.Email : full : person.DisplayName;
    }

    /// <summary>The work e-mail address, if it is not the one under which the person is listed.</summary>
    public static string? OtherAddressOf(PortalUser person) =>
        string.Equals(person.WorkEmail, person.Email, StringComparison.OrdinalIgnoreCase) ? null : person.WorkEmail;

    public static string SourceOf(PortalUser person) =>
        person.Source switch
        {
            UserSources.Scim => "Identity provider",
            UserSources.ConnectionTest => "Connection test",
            _ => "SciLeads",
        };

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
        // The change continues if the browser disconnects.
        await pending.Record(
            Actor, AuditAction.AddPerson, Administrator.AccountId, email, detail: null,
            async () =>
            {
                await scim.Add(Administrator, person);
                return email;
            });
        Done = $"{email} was added.";
        return LocalRedirect(AddressOfSearch(email));
    }

    protected override async Task Load(CancellationToken cancellation)
    {
        Account = await accounts.Get(Administrator.AccountId, cancellation);
        View = new(Request.Query);
        try
        {
            People = await scim.List(Administrator, View.Query, cancellation);
        }
        // The rest of the page is useful without the list.
        catch (ProblemException refusal)
        {
            (Response.StatusCode, ListRefusal) = (StatusOf(refusal), refusal.Message);
        }
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;
}
