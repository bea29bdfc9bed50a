using System.Text.Json.Serialization;

namespace Shared.Contracts;

/// <summary>
/// Events that <c>Auth.Server</c> sends to the nodes of <c>Scim.Api</c>: a security event token (RFC 8417) for each
/// change that outdates earlier introspection responses. The token is signed like an access token. Its <c>typ</c> is
/// <see cref="TokenType"/>, its <c>jti</c> the event's number, its <c>aud</c> <see cref="Audiences.Scim"/>, and
/// <c>events</c> has one member: one of the URIs here, with a <see cref="SecurityEvent"/>.
/// </summary>
public static class SecurityEvents
{
    /// <summary>The <c>typ</c> of a security event token (RFC 8417 §2.3).</summary>
    public const string TokenType = "secevent+jwt";

    /// <summary>
    /// A credential set became active or ended, and its account now admits only a higher generation (CAEP).
    /// </summary>
    public const string CredentialChange = "https://schemas.openid.net/secevent/caep/event-type/credential-change";

    /// <summary>
    /// Tokens of an account ended although their credential set did not, or an administrator's session ended or may do
    /// less than before (CAEP).
    /// </summary>
    public const string SessionRevoked = "https://schemas.openid.net/secevent/caep/event-type/session-revoked";

    /// <summary>An account's <see cref="AccountPolicy"/> changed.</summary>
    public const string AccountChange = "https://schemas.scileads.com/secevent/account-change";

    /// <summary>A signing key is no longer trusted: every token that it signed is invalid, for all accounts.</summary>
    public const string KeyWithdrawn = "https://schemas.scileads.com/secevent/key-withdrawn";
}

/// <summary>The content of an event. Earlier introspection responses about its account are outdated.</summary>
public sealed record SecurityEvent
{
    /// <summary>The account that the event is about; null if it is about all of them.</summary>
    [JsonPropertyName("account")]
    public Guid? Account { get; init; }

    /// <summary>
    /// The lowest generation of credential sets that the account now admits, if the event raises it.
    /// </summary>
    [JsonPropertyName("generation")]
    public long? Generation { get; init; }

    /// <summary>
    /// The set of that generation; null if a set ended without a successor, so that no set has the generation.
    /// </summary>
    [JsonPropertyName("credential_set")]
    public Guid? CredentialSet { get; init; }
}

/// <summary>
/// A poll for events (RFC 8936 §2.4), <c>POST</c> <see cref="AuthServerPaths.EventsPoll"/>; the caller needs
/// <see cref="Scopes.PollEvents"/>. The server responds immediately if there are events or if the node is reset,
/// otherwise after half a second.
/// </summary>
public sealed record EventPoll
{
    /// <summary>The process that polls. It has a new id at each start.</summary>
    [JsonPropertyName("node")]
    public required Guid Node { get; init; }

    /// <summary>Its name for people: <c>host:port</c>, at most 100 characters.</summary>
    [JsonPropertyName("node_name")]
    public required string NodeName { get; init; }

    /// <summary>The <c>jti</c> of the events that the node has applied since its last poll.</summary>
    [JsonPropertyName("ack")]
    public IReadOnlyList<string> Acknowledged { get; init; } = [];

    /// <summary>The server responds without waiting, even if there is no event.</summary>
    [JsonPropertyName("returnImmediately")]
    public bool ReturnImmediately { get; init; }

    /// <summary>
    /// The node stops: it has given up its lease and no longer admits requests. The server removes it, so that no
    /// barrier waits for it.
    /// </summary>
    [JsonPropertyName("leaves")]
    public bool Leaves { get; init; }
}

/// <summary>
/// The response to an <see cref="EventPoll"/>. A node applies the events, in the order of their numbers, before it
/// renews its lease.
/// </summary>
public sealed record EventPage
{
    /// <summary>Security event tokens by <c>jti</c>, as compact JWS.</summary>
    [JsonPropertyName("sets")]
    public required IReadOnlyDictionary<string, string> Sets { get; init; }

    /// <summary>There are more events. This response does not renew the lease; the next one may.</summary>
    [JsonPropertyName("moreAvailable")]
    public bool MoreAvailable { get; init; }

    /// <summary>
    /// The server did not know the node, or had removed it: the node has missed events, and discards everything that it
    /// learned before this poll.
    /// </summary>
    [JsonPropertyName("reset")]
    public bool Reset { get; init; }

    /// <summary>
    /// How long the node may rely on having received every event, in milliseconds from before it sent the poll.
    /// </summary>
    [JsonPropertyName("lease_ms")]
    public required int LeaseMilliseconds { get; init; }
}
