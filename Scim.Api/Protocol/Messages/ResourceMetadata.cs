using System.Text.Json.Serialization;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// Tells a client how to get a token for this server (RFC 9728 §2). Every challenge points to it (§5.1).
/// </summary>
internal sealed record ResourceMetadata
{
    public const string WellKnown = "/.well-known/oauth-protected-resource";

    /// <summary>The SCIM Base URL, which is also the <c>resource</c> parameter of a token request (RFC 8707).</summary>
    [JsonPropertyName("resource")]
    public required string Resource { get; init; }

    /// <summary>The issuers whose tokens are accepted.</summary>
    [JsonPropertyName("authorization_servers")]
    public required IReadOnlyList<string> AuthorizationServers { get; init; }

    [JsonPropertyName("scopes_supported")]
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>RFC 6750 §2: never in a body or a URL.</summary>
    [JsonPropertyName("bearer_methods_supported")]
    public IReadOnlyList<string> BearerMethods { get; } = ["header"];

    [JsonPropertyName("resource_name")]
    public string Name { get; } = "SciLeads SCIM 2.0";

    /// <summary>Where this is served: the well-known path precedes the path of the resource (§3.1).</summary>
    [JsonIgnore]
    public Uri Address => new(new Uri(Resource), WellKnown + new Uri(Resource).AbsolutePath.TrimEnd('/'));
}
