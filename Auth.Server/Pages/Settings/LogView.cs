using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>What the provisioning log shows: a search, filters and a page.</summary>
internal sealed class LogView
{
    private static readonly string[] filters =
    [
        PortalEventParameters.Search, PortalEventParameters.Outcome, PortalEventParameters.Status,
        PortalEventParameters.Operation, PortalEventParameters.CredentialSet, PortalEventParameters.User,
        PortalEventParameters.UserName, PortalEventParameters.From, PortalEventParameters.To,
    ];

    private readonly ViewParameters values;

    public LogView(IQueryCollection query) => values = new(query, filters.Append(PortalEventParameters.Before));

    private LogView(ViewParameters values) => this.values = values;

    /// <summary>The value of a parameter; null if it is absent.</summary>
    public string? this[string name] => values[name];

    public bool IsFiltered => values.HasAny(filters);

    /// <summary>Whether it shows the newest events, which new ones are added to.</summary>
    public bool IsNewest => values[PortalEventParameters.Before] is null;

    public bool IsAboutUser => values.HasAny([PortalEventParameters.User, PortalEventParameters.UserName]);

    /// <summary>The parameters for <c>Scim.Api</c>.</summary>
    public QueryString Query => values.Query;

    public string Address => ProvisioningLogModel.Path + Query;

    /// <summary>The same view as a file.</summary>
    public string CsvAddress => Newest().AddressOf("Csv");

    public LogView Newest() => new(values.With([PortalEventParameters.Before]));

    public LogView Before(Guid before) => new(values.With([], (PortalEventParameters.Before, $"{before}")));

    /// <summary>The address of the events that follow those that are shown, as they happen.</summary>
    public string StreamAddressAfter(PortalEvent? newest) => ProvisioningLogModel.Path + Newest().Query
        .Add("handler", ProvisioningLogModel.StreamHandler)
        .Add(PortalEventParameters.After, $"{newest?.Id ?? Guid.Empty}");

    private string AddressOf(string handler) => ProvisioningLogModel.Path + Query.Add("handler", handler);
}
