using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Scim.Api.AuthServer;

/// <summary>Verifies security event tokens (RFC 8417) and reads the one event in each.</summary>
internal sealed class SecurityEventReader(SigningKeys keys, IOptions<AuthServerOptions> server)
{
    private static readonly JsonWebTokenHandler Jwts = new();

    private readonly TokenValidationParameters validation = new()
    {
        ValidIssuers = server.Value.IssuerSpellings,
        ValidAudience = Audiences.Scim,
        ValidTypes = [SecurityEvents.TokenType, "application/" + SecurityEvents.TokenType],
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        // An event does not expire (RFC 8417 §2.2).
        ValidateLifetime = false,
        IssuerSigningKeyResolver = (_, _, kid, _) => keys.Known(kid) is { } key ? [key] : [],
        TryAllIssuerSigningKeys = false,
    };

    /// <summary>The event in the token, and its type, one of <see cref="SecurityEvents"/>.</summary>
    /// <exception cref="AuthServerFault">
    /// The token was not signed by Auth.Server for Scim.Api, or is malformed.
    /// </exception>
    public async Task<(string Type, SecurityEvent Event)> Read(string jti, string set, CancellationToken cancellation)
    {
        try
        {
            if (keys.Known(Jwts.ReadJsonWebToken(set).Kid) is null)
                await keys.Refetch(cancellation);
            var result = await Jwts.ValidateTokenAsync(set, validation);
            if (!result.IsValid)
                throw Unusable(jti, result.Exception);
            var token = (JsonWebToken)result.SecurityToken;
            if (token.Id == jti
                && token.TryGetPayloadValue<JsonElement>("events", out var events)
                && events.ValueKind == JsonValueKind.Object
                && events.EnumerateObject().ToArray() is [var only]
                && only.Value.Deserialize<SecurityEvent>() is { } securityEvent)
                return (only.Name, securityEvent);
            throw Unusable(jti);
        }
        catch (Exception malformed) when (malformed is ArgumentException or SecurityTokenException or JsonException)
        {
            throw Unusable(jti, malformed);
        }
    }

    private static AuthServerFault Unusable(string jti, Exception? cause = null) =>
        AuthServerFault.OfAnswer($"event {jti} was not signed by it for Scim.Api, or is malformed", cause);
}
