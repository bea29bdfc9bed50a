using System.ComponentModel;
using System.Text.Json;
using System.Text.Json.Serialization;
using Auth.Server.Credentials;
using Auth.Server.Issuance;

namespace Auth.Server.Management;

/// <summary>What a caller says of a credential set that it wants.</summary>
internal sealed record CredentialSetRequest
{
    [Description("How the identity provider signs in: oauth2 (client id and secret) or direct_jwt (one bearer token).")]
    public required string Method { get; init; }

    [Description("The active credential set that the caller saw; null or absent if there was none. If that is no "
        + "longer so, 409 says who changed it, and nothing is done.")]
    public Guid? Replaces { get; init; }

    [Description("Seconds until the set ends by itself. Absent: a direct JWT lives a year, an OAuth client for ever.")]
    public int? Lifetime { get; init; }

    [Description("Where authorization codes may be sent (oauth2), letter by letter.")]
    public IReadOnlyList<string>? RedirectUris { get; init; }

    [Description("Okta's app name: registers its five redirect URIs (oauth2).")]
    public string? OktaApp { get; init; }

    [Description("Whether codes that were asked for without PKCE are refused (oauth2). Okta does not send it.")]
    public bool RequirePkce { get; init; }

    [Description(
        "Public P-256 keys, a JWK set (RFC 7517): the client proves itself with a key and has no secret (oauth2).")]
    public JsonElement? Jwks { get; init; }

    [Description(
        "Present: the set is staged, and takes over later. Absent: it takes over now, and the one before it ends.")]
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

/// <summary>How a staged set takes over.</summary>
internal sealed record StagingRequest
{
    [Description("What makes it take over: the call activate, or the first SCIM request with it.")]
    [JsonConverter(typeof(CamelCaseEnumConverter<Activation>))]
    public required Activation Activation { get; init; }

    [Description("Seconds until it ends by itself if it has not taken over; seven days if absent.")]
    public int? Within { get; init; }

    [Description("The staged set that the caller saw and wants replaced; null or absent if there was none.")]
    public Guid? Replaces { get; init; }
}

/// <summary>What a caller wants checked against a staged set.</summary>
internal sealed record CheckRequest
{
    [Description("The client secret, the API token or an access token.")]
    public required string Secret { get; init; }
}

/// <summary>Writes enumerations as the API has them: <c>firstUse</c>.</summary>
internal sealed class CamelCaseEnumConverter<T>()
    : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
