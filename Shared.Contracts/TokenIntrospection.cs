using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>
/// The answer of <c>Auth.Server</c> to a token introspection (RFC 7662 §2.2), as far as <c>Scim.Api</c> reads it. If
/// <see cref="Active"/> is false, nothing else is there.
/// </summary>
public sealed record TokenIntrospection
{
    /// <summary>Whether the token may be used now: valid itself, and its credential set the account's active one.</summary>
    [JsonPropertyName("active"), JsonRequired]
    public required bool Active { get; init; }

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
