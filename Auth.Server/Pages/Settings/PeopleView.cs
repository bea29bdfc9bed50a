using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>What <i>User Management</i> shows of the list: a search, filters, an order and a page.</summary>
internal sealed class PeopleView
{
    private static readonly string[] positions =
        [PortalUserParameters.After, PortalUserParameters.Before, PortalUserParameters.Page];

    private static readonly string[] filters =
    [
        PortalUserParameters.Status, PortalUserParameters.Source, PortalUserParameters.Licence,
        PortalUserParameters.Changed,
    ];

    private readonly ViewParameters values;

    public PeopleView(IQueryCollection query) => values = new(query, PortalUserParameters.All);

    private PeopleView(ViewParameters values) => this.values = values;

    public string? Search => values[PortalUserParameters.Search];

    public bool IsSearch => Search is not null;

    /// <summary>Whether the search is an e-mail address, whose absence the portal can explain.</summary>
    public bool IsForAddress => Search is { } search
        && search.Contains('@', StringComparison.Ordinal) && !search.Any(char.IsWhiteSpace);

    /// <summary>Whether it shows only some people.</summary>
    public bool IsFiltered => IsSearch || values.HasAny(filters);

    /// <summary>Whether it is the first page.</summary>
    public bool IsFirstPage => !values.HasAny(positions);

    /// <summary>The parameters for <c>Scim.Api</c>.</summary>
    public QueryString Query => values.Query;

    public string Address => UserManagementModel.Path + Query;

    /// <summary>The parameters other than the search, which its form repeats.</summary>
    public IEnumerable<KeyValuePair<string, string>> Kept =>
        values.Except(positions.Append(PortalUserParameters.Search));

    /// <summary>The filters that the page offers.</summary>
    public static IEnumerable<(string Parameter, string Value, string Label)> Filters(IEnumerable<string> products) =>
    [
        (PortalUserParameters.Status, "active", "Active"),
        (PortalUserParameters.Status, "inactive", "Inactive"),
        (PortalUserParameters.Source, UserSources.Scim, "From the identity provider"),
        (PortalUserParameters.Source, UserSources.SciLeads, "From SciLeads"),
        .. products.Select(product => (PortalUserParameters.Licence, product, product)),
        (PortalUserParameters.Changed, "hand", "Changed by hand"),
    ];

    public bool Has(string parameter, string value) => values[parameter] == value;

    /// <summary>The first page with a filter, or without it if it is already used.</summary>
    public PeopleView Toggle(string parameter, string value) =>
        With(positions.Append(parameter), Has(parameter, value) ? null : (parameter, value));

    /// <summary>The first page of everybody, in the same order.</summary>
    public PeopleView WithoutFilters() => With([.. positions, .. filters, PortalUserParameters.Search], null);

    /// <summary>The first page in an order, or in the reverse order if it is already used.</summary>
    public PeopleView SortedBy(string order) => With(
        positions.Append(PortalUserParameters.Sort),
        (PortalUserParameters.Sort, Has(PortalUserParameters.Sort, order) ? $"-{order}" : order));

    /// <summary>
    /// The value of <c>aria-sort</c>; null if the list is not sorted by this. <paramref name="isDescending"/> is the
    /// direction in which the order begins.
    /// </summary>
    public string? DirectionOf(string order, bool isDescending) =>
        Has(PortalUserParameters.Sort, order) ? isDescending ? "descending" : "ascending"
        : Has(PortalUserParameters.Sort, $"-{order}") ? isDescending ? "ascending" : "descending"
        : null;

    /// <summary>Whether it is in another order than the usual one, which shows the newest first.</summary>
    public bool IsSorted => values[PortalUserParameters.Sort] is not null;

    public PeopleView NewestFirst() => With(positions.Append(PortalUserParameters.Sort), null);

    public PeopleView First() => With(positions, null);

    public PeopleView Last() => With(positions, (PortalUserParameters.Page, "last"));

    public PeopleView After(PortalUser person) => With(positions, (PortalUserParameters.After, $"{person.Id}"));

    public PeopleView Before(PortalUser person) => With(positions, (PortalUserParameters.Before, $"{person.Id}"));

    private PeopleView With(IEnumerable<string> without, (string Name, string Value)? value) =>
        new(values.With(without, value));
}
