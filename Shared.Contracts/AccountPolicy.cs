using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>The settings of an account that <c>Scim.Api</c> needs, in every introspection response.</summary>
public sealed record AccountPolicy
{
    /// <summary>The account.</summary>
    [JsonPropertyName("id")]
    public required Guid Id { get; init; }

    /// <summary>The customer's name, for messages.</summary>
    [JsonPropertyName("name")]
    public required string Name { get; init; }

    /// <summary>Whether identity providers may provision; otherwise SCIM responds with 403.</summary>
    [JsonPropertyName("scim_enabled")]
    public required bool ScimEnabled { get; init; }

    /// <summary>Whether the customer has no access at all.</summary>
    [JsonPropertyName("suspended")]
    public bool Suspended { get; init; }

    /// <summary>One of <see cref="AttributeRuleSets"/>.</summary>
    [JsonPropertyName("attribute_rules")]
    public required string AttributeRules { get; init; }

    /// <summary>SCIM requests per second in the long run, apart from bursts; null means no limit.</summary>
    [JsonPropertyName("rate_limit")]
    public int? RateLimit { get; init; }

    /// <summary>
    /// Whether creating a user restores an inactive user with the same userName or externalId; otherwise it is 409.
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

    /// <summary>A product of SciLeads, and how many users may have it.</summary>
    public sealed record Licence
    {
        /// <summary>The product's name, lower case.</summary>
        [JsonPropertyName("product")]
        public required string Product { get; init; }

        /// <summary>How many active users may have it at the same time.</summary>
        [JsonPropertyName("seats")]
        public required int Seats { get; init; }

        /// <summary>Whether new users receive it.</summary>
        [JsonPropertyName("given_to_new_users")]
        public required bool GivenToNewUsers { get; init; }
    }
}
