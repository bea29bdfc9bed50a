using Auth.Server.Credentials;
using Auth.Server.Provisioning;
using Shared.Contracts;

namespace Auth.Server.Pages.Settings;

/// <summary>Provisioning events in plain language.</summary>
/// <param name="sets">The account's credential sets, by id: which provider used them.</param>
internal sealed class EventText(IReadOnlyDictionary<Guid, CredentialSet> sets)
{
    /// <summary>Who made the request.</summary>
    public string ActorOf(PortalEvent entry) => entry switch
    {
        { Outcome: ProvisioningOutcomes.Tested } => "A connection test",
        { Administrator: { } administrator } => administrator,
        { CredentialSet: { } set } => IdentityProvider.Of(sets.GetValueOrDefault(set)).Name,
        _ => "SciLeads",
    };

    /// <summary>What happened, as a sentence without the person: <c>Okta changed title.</c></summary>
    public string SentenceOf(PortalEvent entry)
    {
        var (actor, whom) = (ActorOf(entry), entry.UserName is null && entry.UserId is null
            ? " somebody"
            : " this person");
        return entry.Outcome switch
        {
            ProvisioningOutcomes.Created => $"{actor} created{whom}.",
            ProvisioningOutcomes.Restored => $"{actor} created{whom} again, who was inactive.",
            ProvisioningOutcomes.Updated when entry.Changed.Count > 0 => $"{actor} changed {ListOf(entry.Changed)}.",
            ProvisioningOutcomes.Updated => $"{actor} sent a change, of which nothing was applied.",
            ProvisioningOutcomes.Deactivated => $"{actor} deactivated{whom}.",
            ProvisioningOutcomes.Reactivated => $"{actor} reactivated{whom}.",
            ProvisioningOutcomes.Deleted => $"{actor} deleted{whom}.",
            ProvisioningOutcomes.Tested when entry.Status < 400 => $"{actor} was allowed to {AttemptOf(entry)}.",
            _ => $"{actor} was refused when it tried to {AttemptOf(entry)}.",
        };
    }

    /// <summary>Who made the request, and with which credentials: <c>Okta, API token ending in 4f2Q</c>.</summary>
    public string SenderOf(PortalEvent entry) =>
        entry.CredentialSet is { } id && sets.TryGetValue(id, out var set)
            ? $"{ActorOf(entry)}, {Portal.DescribeSecret(set)}"
            : ActorOf(entry);

    /// <summary>What was requested.</summary>
    public static string RequestOf(PortalEvent entry) => entry.Operation switch
    {
        ProvisioningOperations.Create => "Create a person (POST)",
        ProvisioningOperations.Replace => "Replace all attributes of a person (PUT)",
        ProvisioningOperations.Patch => "Change attributes of a person (PATCH)",
        ProvisioningOperations.Delete => "Delete a person (DELETE)",
        ProvisioningOperations.Bulk => "Several changes at once (bulk)",
        _ => "Read or search",
    };

    /// <summary>A list of attribute names, without the URN of their schema.</summary>
    public static string ListOf(IEnumerable<string> names) =>
        string.Join(", ", names.Select(name => name[(name.LastIndexOf(':') + 1)..]));

    /// <summary>An outcome with a capital letter.</summary>
    public static string NameOf(string outcome) => char.ToUpperInvariant(outcome[0]) + outcome[1..];

    private static string AttemptOf(PortalEvent entry) => entry.Operation switch
    {
        ProvisioningOperations.Create => "create this person",
        ProvisioningOperations.Replace or ProvisioningOperations.Patch => "change this person",
        ProvisioningOperations.Delete => "delete this person",
        ProvisioningOperations.Bulk => "send several changes at once",
        _ when entry.UserName is null && entry.UserId is null => "use the API",
        _ => "read this person",
    };
}
