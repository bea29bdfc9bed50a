using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>
/// The answer of <c>Auth.Server</c> to a token introspection (RFC 7662 §2.2), as far as <c>Scim.Api</c> reads it. If
/// <see cref="Active"/> is false, nothing else is there but <see cref="Pending"/> or <see cref="Staged"/>.
/// </summary>
public sealed record TokenIntrospection
{
    /// <summary>
    /// Whether the token may be used now: valid itself, and its credential set the account's active one.
    /// </summary>
    [JsonPropertyName("active"), JsonRequired]
    public required bool Active { get; init; }

    /// <summary>
    /// The token is about to be active: its set has just taken over, but not every node knows yet that the one before
    /// is dead. <see cref="Active"/> is false; ask again in a moment.
    /// </summary>
    [JsonPropertyName("pending")]
    public bool Pending { get; init; }

    /// <summary>
    /// The token is not active because its credential set is staged: it waits to be activated. <see cref="Active"/> is
    /// false.
    /// </summary>
    [JsonPropertyName("staged")]
    public bool Staged { get; init; }

    /// <summary>The granted scopes, separated by spaces.</summary>
    [JsonPropertyName("scope")]
    public string? Scope { get; init; }

    /// <summary>Seconds until the token ends by itself, by the clock of <c>Auth.Server</c>.</summary>
    [JsonPropertyName("expires_in")]
    public long? ExpiresIn { get; init; }

    /// <summary>The account the token belongs to, and its rules.</summary>
    [JsonPropertyName("account")]
    public AccountPolicy? Account { get; init; }

    /// <summary>The credential set the token was issued under. The portal's own tokens have none.</summary>
    [JsonPropertyName("credential_set")]
    public CredentialSetReference? CredentialSet { get; init; }

    /// <summary>
    /// Who acts (RFC 8693 §4.1): the administrator behind a token of the portal, or who traded an exchanged token.
    /// </summary>
    [JsonPropertyName("act")]
    public Actor? Act { get; init; }

    /// <summary>
    /// What <c>Scim.Api</c> adds to an introspection request beside RFC 7662 §2.1: which of its nodes asks, and for
    /// whom.
    /// </summary>
    public static class Parameters
    {
        /// <summary>The node, as in <see cref="EventPoll.Node"/>.</summary>
        public const string Node = "node";

        /// <summary>Its name, as in <see cref="EventPoll.NodeName"/>.</summary>
        public const string NodeName = "node_name";

        /// <summary>The IP address that the token came from.</summary>
        public const string ClientAddress = "client_address";

        /// <summary>The <c>User-Agent</c> that the token came with, 300 characters at the most.</summary>
        public const string ClientUserAgent = "client_user_agent";
    }

    /// <summary>A credential set, as the fence remembers it.</summary>
    public sealed record CredentialSetReference
    {
        /// <summary>The credential set.</summary>
        [JsonPropertyName("id")]
        public required Guid Id { get; init; }

        /// <summary>Higher than that of every set of the account that was active before.</summary>
        [JsonPropertyName("generation")]
        public required long Generation { get; init; }

        /// <summary>One of <see cref="CredentialMethods"/>.</summary>
        [JsonPropertyName("method")]
        public required string Method { get; init; }
    }

    /// <summary>Whoever acts for the account.</summary>
    public sealed record Actor
    {
        /// <summary>The administrator's id, or the client id that an exchanged token was traded by.</summary>
        [JsonPropertyName("sub")]
        public required string Subject { get; init; }

        /// <summary>The administrator's e-mail address, for events and texts.</summary>
        [JsonPropertyName("email")]
        public string? Email { get; init; }

        /// <summary>Who acted before: the client that traded the token which was then traded again.</summary>
        [JsonPropertyName("act")]
        public Actor? Previous { get; init; }
    }
}
