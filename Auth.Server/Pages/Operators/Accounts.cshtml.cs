using Auth.Server.Accounts;
using Auth.Server.Provisioning;
using Microsoft.AspNetCore.Mvc;

namespace Auth.Server.Pages.Operators;

/// <summary>All accounts, with search, and whether they need attention.</summary>
internal sealed class AccountsModel(AccountDirectory directory) : PortalPage
{
    public const string Path = "/operator";

    [BindProperty(SupportsGet = true)]
    public string? Search { get; set; }

    [BindProperty(SupportsGet = true)]
    public AccountHealth? Health { get; set; }

    /// <summary>The name after which the page begins.</summary>
    [BindProperty(SupportsGet = true)]
    public string? After { get; set; }

    /// <summary>What was done on the page before, such as setting up a second factor.</summary>
    [TempData]
    public string? Done { get; set; }

    public AccountPage Listed { get; private set; } = null!;

    public bool IsFiltered => Wanted is not null || Health is not null;

    private string? Wanted => string.IsNullOrWhiteSpace(Search) ? null : Search.Trim();

    /// <summary>What the list says of an account's health, and the tone of its badge.</summary>
    public static (string Text, string Tone) Describe(AccountHealth health) => health switch
    {
        AccountHealth.Expiring => ("Expiring", "warning"),
        AccountHealth.Full => ("Seats full", "warning"),
        AccountHealth.Failing => ("Failing", "error"),
        AccountHealth.Silent => ("Silent", "warning"),
        AccountHealth.Disabled => ("SCIM off", ""),
        _ => ("Suspended", "error"),
    };

    /// <summary>The seats of an account by product, and how many are in use, if that is known.</summary>
    public static string SeatsOf(Account account, IReadOnlyDictionary<string, int>? inUse) => string.Join(
        ", ",
        account.Licences.OrderBy(licence => licence.Product, StringComparer.Ordinal).Select(licence => inUse is null
            ? $"{licence.Product} {licence.Seats}"
            : $"{licence.Product} {inUse.GetValueOrDefault(licence.Product)} of {licence.Seats}"));

    /// <summary>The address of the page after a name, or of the first one (null), with the same filters.</summary>
    public string AddressAfter(string? name)
    {
        var query = new (string Name, string? Value)[]
        {
            ("search", Wanted), ("health", Health?.ToString()), ("after", name),
        };
        return Path + QueryString.Create(
            query.Where(one => one.Value is not null).Select(one => KeyValuePair.Create(one.Name, one.Value)));
    }

    public async Task OnGet(CancellationToken cancellation) =>
        Listed = await directory.List(Wanted, Health, After, cancellation);
}
