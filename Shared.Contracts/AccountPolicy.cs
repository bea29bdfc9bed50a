using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>What <c>Scim.Api</c> is told about an account, in every introspection answer.</summary>
public sealed record AccountPolicy
{
    /// <summary>The account.</summary>
    [JsonPropertyName("id")]
    public required Guid Id { get; init; }

    /// <summary>The customer's name, for texts that people read.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>Whether identity providers may provision; if not, SCIM answers 403.</summary>
    [JsonPropertyName("scim_enabled")]
    public required bool ScimEnabled { get; init; }

    /// <summary>Whether the customer is locked out altogether.</summary>
    [JsonPropertyName("suspended")]
    public bool Suspended { get; init; }

    /// <summary>One of <see cref="AttributeRuleSets"/>.</summary>
    [JsonPropertyName("attribute_rules")]
    public required string AttributeRules { get; init; }

    /// <summary>Requests a second that SCIM takes in the long run, bursts aside; null is no limit.</summary>
    [JsonPropertyName("rate_limit")]
    public int? RateLimit { get; init; }

    /// <summary>
    /// Whether a create restores the inactive user who has its userName or externalId; else it is 409.
    /// </summary>
    [JsonPropertyName("restore_inactive")]
    public bool RestoreInactive { get; init; }

    /// <summary>
    /// Whether <c>/ServiceProviderConfig</c> leaves out <c>pagination</c> (RFC 9865), which strict older clients
    /// reject.
    /// </summary>
    [JsonPropertyName("omit_pagination")]
    public bool OmitPagination { get; init; }

    /// <summary>E-mail domains in lower case, without <c>@</c>; an empty list allows all.</summary>
    [JsonPropertyName("domains")]
    public required IReadOnlyList<string> Domains { get; init; }

    /// <summary>The products the customer has bought.</summary>
    [JsonPropertyName("licences")]
    public required IReadOnlyList<Licence> Licences { get; init; }

    /// <summary>A product of SciLeads and how many people may use it.</summary>
    public sealed record Licence
    {
        /// <summary>The product's name, lower case.</summary>
        [JsonPropertyName("product")]
        public required string Product { get; init; }

        /// <summary>How many active users may hold it at once.</summary>
        [JsonPropertyName("seats")]
        public required int Seats { get; init; }

        /// <summary>Whether a new user gets it.</summary>
        [JsonPropertyName("given_to_new_users")]
        public required bool GivenToNewUsers { get; init; }
    }
}
