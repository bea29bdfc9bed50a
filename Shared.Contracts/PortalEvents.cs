using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>
/// A page of an account's provisioning events, newest first, as
/// <c>GET /portal/events?search=&amp;outcome=&amp;user=&amp;userName=&amp;before=</c> of <c>Scim.Api</c> answers it.
/// </summary>
public sealed record PortalEvents
{
    /// <summary>The events; there may be older ones even if there are none here.</summary>
    [JsonPropertyName("events")]
    public required IReadOnlyList<PortalEvent> Events { get; init; }

    /// <summary>What to ask as <c>before</c> for the next older page; null if there is none.</summary>
    [JsonPropertyName("next")]
    public Guid? Next { get; init; }
}

/// <summary>What somebody tried to do with the people of an account, and what came of it.</summary>
public sealed record PortalEvent
{
    /// <summary>The event; ids are in order of time.</summary>
    [JsonPropertyName("id")]
    public required Guid Id { get; init; }

    /// <summary>UTC.</summary>
    [JsonPropertyName("time")]
    public required DateTime Time { get; init; }

    /// <summary>The credential set of the identity provider that did it.</summary>
    [JsonPropertyName("credential_set")]
    public Guid? CredentialSet { get; init; }

    /// <summary>The e-mail address of the administrator who did it by hand, in the portal.</summary>
    [JsonPropertyName("administrator")]
    public string? Administrator { get; init; }

    /// <summary>One of <see cref="ProvisioningOperations"/>.</summary>
    [JsonPropertyName("operation")]
    public required string Operation { get; init; }

    /// <summary>The user it was about, if that is known.</summary>
    [JsonPropertyName("user_id")]
    public Guid? UserId { get; init; }

    /// <summary>The user's userName, also the one that a refused request asked for.</summary>
    [JsonPropertyName("user_name")]
    public string? UserName { get; init; }

    /// <summary>One of <see cref="ProvisioningOutcomes"/>.</summary>
    [JsonPropertyName("outcome")]
    public required string Outcome { get; init; }

    /// <summary>The HTTP status of the answer.</summary>
    [JsonPropertyName("status")]
    public required int Status { get; init; }

    /// <summary>The error's <c>scimType</c>, if it has one (RFC 7644 §3.12).</summary>
    [JsonPropertyName("scim_type")]
    public string? ScimType { get; init; }

    /// <summary>Why it was refused, or why some attributes were not applied, in words.</summary>
    [JsonPropertyName("reason")]
    public string? Reason { get; init; }

    /// <summary>The names of the attributes that changed; never values.</summary>
    [JsonPropertyName("changed")]
    public required IReadOnlyList<string> Changed { get; init; }

    /// <summary>
    /// The names of attributes that kept their value although the request asked for another, because a deactivation
    /// is not refused for their sake; null if there are none.
    /// </summary>
    [JsonPropertyName("not_applied")]
    public IReadOnlyList<string>? NotApplied { get; init; }

    /// <summary>The names of the client's habits that were mended on the way.</summary>
    [JsonPropertyName("habits")]
    public required IReadOnlyList<string> Habits { get; init; }

    /// <summary>What finds the request in the server's log; all events of a bulk request have the same.</summary>
    [JsonPropertyName("request_id")]
    public string? RequestId { get; init; }
}

/// <summary>What was tried.</summary>
public static class ProvisioningOperations
{
    /// <summary>Making a user.</summary>
    public const string Create = "create";

    /// <summary>Replacing a user by PUT.</summary>
    public const string Replace = "replace";

    /// <summary>Changing a user by PATCH.</summary>
    public const string Patch = "patch";

    /// <summary>Deleting a user.</summary>
    public const string Delete = "delete";

    /// <summary>Reading, searching or listing; an event only if it was refused.</summary>
    public const string Read = "read";

    /// <summary>A bulk request as a whole; an event only if it was refused. Its operations have their own.</summary>
    public const string Bulk = "bulk";
}

/// <summary>What came of it.</summary>
public static class ProvisioningOutcomes
{
    /// <summary>The user was made.</summary>
    public const string Created = "created";

    /// <summary>A create found its user inactive, and restored it.</summary>
    public const string Restored = "restored";

    /// <summary>The user was changed, and is as active as before.</summary>
    public const string Updated = "updated";

    /// <summary>The user was active and is not any more.</summary>
    public const string Deactivated = "deactivated";

    /// <summary>The user was inactive and is active again.</summary>
    public const string Reactivated = "reactivated";

    /// <summary>The user was deleted.</summary>
    public const string Deleted = "deleted";

    /// <summary>Nothing was done.</summary>
    public const string Refused = "refused";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Created, Restored, Updated, Deactivated, Reactivated, Deleted, Refused];
}
