using System.Collections.Immutable;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>
/// What the provisioning log shows: a search, filters and a page. All of it is in the address, so that a view can be
/// bookmarked and sent to a colleague.
/// </summary>
internal sealed class LogView
{
    private static readonly string[] filters =
    [
        PortalEventParameters.Search, PortalEventParameters.Outcome, PortalEventParameters.Status,
        PortalEventParameters.Operation, PortalEventParameters.CredentialSet, PortalEventParameters.User,
        PortalEventParameters.UserName, PortalEventParameters.From, PortalEventParameters.To,
    ];

    private readonly ImmutableSortedDictionary<string, string> values;

    public LogView(IQueryCollection query) => values = filters.Append(PortalEventParameters.Before)
        .Select(name => KeyValuePair.Create(name, $"{query[name]}".Trim()))
        .Where(value => value.Value.Length > 0)
        .ToImmutableSortedDictionary(StringComparer.Ordinal);

    private LogView(ImmutableSortedDictionary<string, string> values) => this.values = values;

    /// <summary>The value of a parameter; null if it is absent.</summary>
    public string? this[string name] => values.GetValueOrDefault(name);

    public bool IsFiltered => filters.Any(values.ContainsKey);

    /// <summary>Whether it shows the newest events, which new ones are added to.</summary>
    public bool IsNewest => !values.ContainsKey(PortalEventParameters.Before);

    public bool IsAboutUser =>
        values.ContainsKey(PortalEventParameters.User) || values.ContainsKey(PortalEventParameters.UserName);

    /// <summary>The parameters for <c>Scim.Api</c>.</summary>
    public QueryString Query =>
        values.Aggregate(QueryString.Empty, (query, value) => query.Add(value.Key, value.Value));

    public string Address => ProvisioningLogModel.Path + Query;

    /// <summary>The same view as a file.</summary>
    public string CsvAddress => Newest().AddressOf("Csv");

    public LogView Newest() => new(values.Remove(PortalEventParameters.Before));

    public LogView Before(Guid before) => new(values.SetItem(PortalEventParameters.Before, $"{before}"));

    /// <summary>The address of the events that follow those that are shown, as they happen.</summary>
    public string StreamAddressAfter(PortalEvent? newest) => ProvisioningLogModel.Path + Newest().Query
        .Add("handler", ProvisioningLogModel.StreamHandler)
        .Add(PortalEventParameters.After, $"{newest?.Id ?? Guid.Empty}");

    private string AddressOf(string handler) => ProvisioningLogModel.Path + Query.Add("handler", handler);
}
