using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>
/// The members of an introspection response (RFC 7662 §2.2) that <c>Scim.Api</c> reads. If <see cref="Active"/> is
/// false, the only other members are <see cref="Pending"/> and <see cref="Staged"/>.
/// </summary>
public sealed record TokenIntrospection
{
    /// <summary>
    /// Whether the token may be used now: it is valid, and its credential set is the account's active one.
    /// </summary>
    [JsonPropertyName("active"), JsonRequired]
    public required bool Active { get; init; }

    /// <summary>
    /// The token is about to become active: its set was just activated, but not every node knows yet that the previous
    /// set has ended. <see cref="Active"/> is false; try again in a moment.
    /// </summary>
    [JsonPropertyName("pending")]
    public bool Pending { get; init; }

    /// <summary>
    /// The token is not active because its credential set is staged. <see cref="Active"/> is false.
    /// </summary>
    [JsonPropertyName("staged")]
    public bool Staged { get; init; }

    /// <summary>The granted scopes, separated by spaces.</summary>
    [JsonPropertyName("scope")]
    public string? Scope { get; init; }

    /// <summary>Seconds until the token expires, by the clock of <c>Auth.Server</c>.</summary>
    [JsonPropertyName("expires_in")]
    public long? ExpiresIn { get; init; }

    /// <summary>The account that the token belongs to, and its settings.</summary>
    [JsonPropertyName("account")]
    public AccountPolicy? Account { get; init; }

    /// <summary>The credential set the token was issued under. The portal's own tokens have none.</summary>
    [JsonPropertyName("credential_set")]
    public CredentialSetReference? CredentialSet { get; init; }

    /// <summary>
    /// Who acts (RFC 8693 §4.1): the administrator for whom the portal acts, or the client that exchanged a token.
    /// </summary>
    [JsonPropertyName("act")]
    public Actor? Act { get; init; }

    /// <summary>
    /// What <c>Scim.Api</c> adds to an introspection request (RFC 7662 §2.1): which node sends it, for which client.
    /// </summary>
    public static class Parameters
    {
        /// <summary>The node, as in <see cref="EventPoll.Node"/>.</summary>
        public const string Node = "node";

        /// <summary>Its name, as in <see cref="EventPoll.NodeName"/>.</summary>
        public const string NodeName = "node_name";

        /// <summary>The IP address from which the token was sent.</summary>
        public const string ClientAddress = "client_address";

        /// <summary>The <c>User-Agent</c> of the client that sent the token, at most 300 characters.</summary>
        public const string ClientUserAgent = "client_user_agent";
    }

    /// <summary>A credential set, as the fence stores it.</summary>
    public sealed record CredentialSetReference
    {
        /// <summary>The credential set.</summary>
        [JsonPropertyName("id")]
        public required Guid Id { get; init; }

        /// <summary>Higher than that of every earlier active set of the account.</summary>
        [JsonPropertyName("generation")]
        public required long Generation { get; init; }

        /// <summary>One of <see cref="CredentialMethods"/>.</summary>
        [JsonPropertyName("method")]
        public required string Method { get; init; }
    }

    /// <summary>Who acts for the account.</summary>
    public sealed record Actor
    {
        /// <summary>The administrator's id, or the client id of the client that exchanged a token.</summary>
        [JsonPropertyName("sub")]
        public required string Subject { get; init; }

        /// <summary>The administrator's e-mail address, for events and messages.</summary>
        [JsonPropertyName("email")]
        public string? Email { get; init; }

        /// <summary>Whether the administrator may only read.</summary>
        [JsonPropertyName("read_only")]
        public bool ReadOnly { get; init; }

        /// <summary>The client that exchanged the token before it was exchanged again.</summary>
        [JsonPropertyName("act")]
        public Actor? Previous { get; init; }
    }
}
