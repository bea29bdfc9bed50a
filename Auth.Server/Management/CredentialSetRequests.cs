using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Auth.Server.Credentials;
using Auth.Server.Issuance;

namespace Auth.Server.Management;

/// <summary>A request for a new credential set.</summary>
internal sealed record CredentialSetRequest
{
    [Description("How the identity provider authenticates: oauth2 (client id and secret) or direct_jwt (one token).")]
    public required string Method { get; init; }

    [Description("The active credential set that the caller saw; null or absent if there was none. If it is no longer "
        + "active, the response is 409 and says who changed it, and nothing is done.")]
    public Guid? Replaces { get; init; }

    [Description("Seconds until the set expires. Absent: a direct JWT expires after a year, an OAuth client never.")]
    public int? Lifetime { get; init; }

    [Description("Redirect URIs for authorization codes (oauth2); compared exactly.")]
    public IReadOnlyList<string>? RedirectUris { get; init; }

    [Description("Okta's app name; registers Okta's five redirect URIs (oauth2).")]
    public string? OktaApp { get; init; }

    [Description("Whether authorization requests without PKCE are refused (oauth2). Okta does not send it.")]
    public bool RequirePkce { get; init; }

    [Description(
        "Public P-256 keys, a JWK set (RFC 7517). The client authenticates with a key and has no secret (oauth2).")]
    public JsonElement? Jwks { get; init; }

    [Description(
        "Present: the set is staged, and activated later. Absent: it becomes active now, and the previous one ends.")]
    public StagingRequest? Staging { get; init; }

    public NewCredentialSet For(Guid accountId, Caller caller) => new(
        accountId,
        Replaces,
        Method,
        caller.Actor,
        Seconds(Lifetime),
        [.. OktaApp is null ? [] : Issuance.RedirectUris.OfOktaApp(OktaApp), .. RedirectUris ?? []],
        RequirePkce,
        Jwks?.GetRawText(),
        Staging is null ? null : new(Staging.Activation, Seconds(Staging.Within), Staging.Replaces));

    private static TimeSpan? Seconds(int? seconds) => seconds is { } some ? TimeSpan.FromSeconds(some) : null;
}

/// <summary>How a staged set is activated.</summary>
internal sealed record StagingRequest
{
    [Description("What activates the set: the call activate, or the first SCIM request with it.")]
    [JsonConverter(typeof(CamelCaseEnumConverter<Activation>))]
    public required Activation Activation { get; init; }

    [Description("Seconds until the set ends if it is not activated; seven days if absent.")]
    public int? Within { get; init; }

    [Description("The staged set that the caller saw and wants to replace; null or absent if there was none.")]
    public Guid? Replaces { get; init; }
}

/// <summary>A secret or token to check against a staged set.</summary>
internal sealed record CheckRequest
{
    [Description("The client secret, the API token or an access token.")]
    public required string Secret { get; init; }
}

/// <summary>Converts enum values to camel case, such as <c>firstUse</c>.</summary>
internal sealed class CamelCaseEnumConverter<T>()
    : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
