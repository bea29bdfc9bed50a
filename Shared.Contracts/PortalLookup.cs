using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>
/// What is known about the person with an e-mail address: the response to <c>GET /portal/lookup?address=</c> of
/// <c>Scim.Api</c>. The caller needs <see cref="Scopes.ReadPeople"/>.
/// </summary>
public sealed record PortalLookup
{
    /// <summary>The user whose userName is the address.</summary>
    [JsonPropertyName("user")]
    public PortalUser? User { get; init; }

    /// <summary>Another user, one of whose e-mail addresses it is; only if <see cref="User"/> is null.</summary>
    [JsonPropertyName("other_user")]
    public PortalUser? OtherUser { get; init; }

    /// <summary>
    /// The event that made the user inactive (this one or the other): a deactivation, or the creation of a user who was
    /// inactive from the beginning. Null if the user is active, or if the log no longer contains it.
    /// </summary>
    [JsonPropertyName("deactivation")]
    public PortalEvent? Deactivation { get; init; }

    /// <summary>The newest refusal of a request about the address, unless a later request succeeded.</summary>
    [JsonPropertyName("refusal")]
    public PortalEvent? Refusal { get; init; }

    /// <summary>The deletion of the last user with this userName, if there is no user any more.</summary>
    [JsonPropertyName("deletion")]
    public PortalEvent? Deletion { get; init; }

    /// <summary>The newest event that an identity provider with a valid token has caused, whoever the user.</summary>
    [JsonPropertyName("last_call")]
    public PortalEvent? LastCall { get; init; }

    /// <summary>Seats by product.</summary>
    [JsonPropertyName("seats")]
    public required IReadOnlyList<ProductSeats> Seats { get; init; }
}
