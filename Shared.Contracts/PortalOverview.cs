using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>
/// How the provisioning of an account goes: the response to <c>GET /portal/overview</c> of <c>Scim.Api</c>.
/// </summary>
public sealed record PortalOverview
{
    /// <summary>The days, UTC, the oldest first. The last one is today.</summary>
    [JsonPropertyName("days")]
    public required IReadOnlyList<PortalDay> Days { get; init; }

    /// <summary>
    /// How many different people were changed today; at least, if <see cref="PortalDay.HasMore"/> of today is true.
    /// </summary>
    [JsonPropertyName("people_changed_today")]
    public required int PeopleChangedToday { get; init; }

    /// <summary>The refusals of the last 24 hours by cause, the most frequent first.</summary>
    [JsonPropertyName("refusals")]
    public required IReadOnlyList<PortalRefusals> Refusals { get; init; }

    /// <summary>Whether there were more refusals; only the newest ones are counted.</summary>
    [JsonPropertyName("has_more_refusals")]
    public bool HasMoreRefusals { get; init; }

    /// <summary>The newest event that an identity provider with a valid token has caused.</summary>
    [JsonPropertyName("last_call")]
    public PortalEvent? LastCall { get; init; }

    /// <summary>Seats by product.</summary>
    [JsonPropertyName("seats")]
    public required IReadOnlyList<ProductSeats> Seats { get; init; }

    /// <summary>Whether an identity provider has tried to create a person, successfully or not.</summary>
    [JsonPropertyName("has_requested")]
    public required bool HasRequested { get; init; }

    /// <summary>Whether an identity provider has created or changed a person.</summary>
    [JsonPropertyName("has_provisioned")]
    public required bool HasProvisioned { get; init; }
}

/// <summary>What happened on a day.</summary>
public sealed record PortalDay
{
    /// <summary>The day, UTC.</summary>
    [JsonPropertyName("day")]
    public required DateOnly Day { get; init; }

    /// <summary>Changes of people.</summary>
    [JsonPropertyName("changes")]
    public required int Changes { get; init; }

    /// <summary>Refused requests, including repetitions.</summary>
    [JsonPropertyName("refusals")]
    public required int Refusals { get; init; }

    /// <summary>Whether there were more changes or refusals than were counted.</summary>
    [JsonPropertyName("has_more")]
    public bool HasMore { get; init; }
}

/// <summary>Refusals with the same cause.</summary>
public sealed record PortalRefusals
{
    /// <summary>One of <see cref="RefusalCauses"/>.</summary>
    [JsonPropertyName("cause")]
    public required string Cause { get; init; }

    /// <summary>How many there were, including repetitions.</summary>
    [JsonPropertyName("count")]
    public required int Count { get; init; }

    /// <summary>The time of the newest event, UTC.</summary>
    [JsonPropertyName("last")]
    public required DateTime Last { get; init; }

    /// <summary>The userName that all of them are about; null if there are several, or none is known.</summary>
    [JsonPropertyName("user_name")]
    public string? UserName { get; init; }
}
