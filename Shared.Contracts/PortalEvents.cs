using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>
/// A page of an account's provisioning events, newest first: the response to <c>GET /portal/events</c> of
/// <c>Scim.Api</c>, whose parameters are <see cref="PortalEventParameters"/>.
/// </summary>
public sealed record PortalEvents
{
    /// <summary>The events. Even if there are none on this page, there may be older ones.</summary>
    [JsonPropertyName("events")]
    public required IReadOnlyList<PortalEvent> Events { get; init; }

    /// <summary>The value of <c>before</c> for the next older page; null if there is none.</summary>
    [JsonPropertyName("next")]
    public Guid? Next { get; init; }
}

/// <summary>
/// The parameters of the provisioning log. The portal's page has the same ones in its address. Each can be absent.
/// </summary>
public static class PortalEventParameters
{
    /// <summary>
    /// Words that all occur in names, reason or ids. A number of three digits is a <see cref="Status"/>.
    /// </summary>
    public const string Search = "search";

    /// <summary>One of <see cref="ProvisioningOutcomes"/>.</summary>
    public const string Outcome = "outcome";

    /// <summary>The HTTP status of the response.</summary>
    public const string Status = "status";

    /// <summary>One of <see cref="ProvisioningOperations"/>.</summary>
    public const string Operation = "operation";

    /// <summary>The id of the credential set with which the request was made.</summary>
    public const string CredentialSet = "set";

    /// <summary>The id of the user.</summary>
    public const string User = "user";

    /// <summary>
    /// The user's userName, which also finds refused requests about it. Without <see cref="User"/>, it finds everybody
    /// who had it.
    /// </summary>
    public const string UserName = "userName";

    /// <summary>The first day, UTC: <c>2026-11-24</c>.</summary>
    public const string From = "from";

    /// <summary>The last day, UTC.</summary>
    public const string To = "to";

    /// <summary>The id of an event: only older ones.</summary>
    public const string Before = "before";

    /// <summary>The id of an event: only newer ones.</summary>
    public const string After = "after";
}

/// <summary>An attempt to read or change users of an account, and its outcome.</summary>
public sealed record PortalEvent
{
    /// <summary>The id of the event. Ids are in order of time.</summary>
    [JsonPropertyName("id")]
    public required Guid Id { get; init; }

    /// <summary>UTC.</summary>
    [JsonPropertyName("time")]
    public required DateTime Time { get; init; }

    /// <summary>The credential set of the identity provider that made the request.</summary>
    [JsonPropertyName("credential_set")]
    public Guid? CredentialSet { get; init; }

    /// <summary>The e-mail address of the administrator who made the request in the portal.</summary>
    [JsonPropertyName("administrator")]
    public string? Administrator { get; init; }

    /// <summary>One of <see cref="ProvisioningOperations"/>.</summary>
    [JsonPropertyName("operation")]
    public required string Operation { get; init; }

    /// <summary>The user, if known.</summary>
    [JsonPropertyName("user_id")]
    public Guid? UserId { get; init; }

    /// <summary>The user's userName, or the one in a refused request.</summary>
    [JsonPropertyName("user_name")]
    public string? UserName { get; init; }

    /// <summary>One of <see cref="ProvisioningOutcomes"/>.</summary>
    [JsonPropertyName("outcome")]
    public required string Outcome { get; init; }

    /// <summary>The HTTP status of the response.</summary>
    [JsonPropertyName("status")]
    public required int Status { get; init; }

    /// <summary>The error's <c>scimType</c>, if it has one (RFC 7644 §3.12).</summary>
    [JsonPropertyName("scim_type")]
    public string? ScimType { get; init; }

    /// <summary>One of <see cref="RefusalCauses"/>; null if the request was not refused.</summary>
    [JsonPropertyName("cause")]
    public string? Cause { get; init; }

    /// <summary>A sentence: why the request was refused, or why some attributes were not applied.</summary>
    [JsonPropertyName("reason")]
    public string? Reason { get; init; }

    /// <summary>The names of the attributes that changed, never their values.</summary>
    [JsonPropertyName("changed")]
    public required IReadOnlyList<string> Changed { get; init; }

    /// <summary>
    /// The names of attributes that kept their value although the request had another, because a deactivation is not
    /// refused because of them; null if there are none.
    /// </summary>
    [JsonPropertyName("not_applied")]
    public IReadOnlyList<string>? NotApplied { get; init; }

    /// <summary>The names of the client quirks that were corrected.</summary>
    [JsonPropertyName("habits")]
    public required IReadOnlyList<string> Habits { get; init; }

    /// <summary>Identifies the request in the server's log. All events of a bulk request have the same.</summary>
    [JsonPropertyName("request_id")]
    public string? RequestId { get; init; }

    /// <summary>
    /// How many more refusals of the same kind followed within a minute, and left no event of their own.
    /// </summary>
    [JsonPropertyName("repeats")]
    public int Repeats { get; init; }
}

/// <summary>The kinds of attempts.</summary>
public static class ProvisioningOperations
{
    /// <summary>Creating a user.</summary>
    public const string Create = "create";

    /// <summary>Replacing a user with PUT.</summary>
    public const string Replace = "replace";

    /// <summary>Changing a user with PATCH.</summary>
    public const string Patch = "patch";

    /// <summary>Deleting a user.</summary>
    public const string Delete = "delete";

    /// <summary>Reading, searching or listing. Leaves an event only if it is refused.</summary>
    public const string Read = "read";

    /// <summary>
    /// A bulk request as a whole. Leaves an event only if it is refused; its operations have their own events.
    /// </summary>
    public const string Bulk = "bulk";

    /// <summary>All operations.</summary>
    public static IReadOnlyList<string> All { get; } = [Create, Replace, Patch, Delete, Read, Bulk];
}

/// <summary>The outcomes of attempts.</summary>
public static class ProvisioningOutcomes
{
    /// <summary>The user was created.</summary>
    public const string Created = "created";

    /// <summary>A create restored its inactive user.</summary>
    public const string Restored = "restored";

    /// <summary>The user was changed. <c>active</c> has not changed.</summary>
    public const string Updated = "updated";

    /// <summary>The user was active and is now inactive.</summary>
    public const string Deactivated = "deactivated";

    /// <summary>The user was inactive and is now active.</summary>
    public const string Reactivated = "reactivated";

    /// <summary>The user was deleted.</summary>
    public const string Deleted = "deleted";

    /// <summary>The request was refused, and changed nothing.</summary>
    public const string Refused = "refused";

    /// <summary>
    /// The request was part of a connection test, whether it was carried out or refused. It is in no count.
    /// </summary>
    public const string Tested = "tested";

    /// <summary>All outcomes.</summary>
    public static IReadOnlyList<string> All { get; } =
        [Created, Restored, Updated, Deactivated, Reactivated, Deleted, Refused, Tested];
}
