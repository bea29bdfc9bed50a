using System.Text.Json;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Scim.Api.Data;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// Verifies a security event token (RFC 8417) and applies it: once <see cref="Apply"/> has returned, no answer from
/// before the event lets anybody in at this node, and no write of whom it ends is under way. To apply an event again does
/// no harm.
/// </summary>
internal sealed class EventRecipient(
    SigningKeys keys,
    Floors floors,
    WritesUnderWay writes,
    IServiceScopeFactory scopes,
    IOptions<AuthServerOptions> server)
{
    private static readonly JsonWebTokenHandler Jwts = new();

    private readonly TokenValidationParameters validation = new()
    {
        ValidIssuers = server.Value.IssuerSpellings,
        ValidAudience = Audiences.Scim,
        ValidTypes = [SecurityEvents.TokenType, "application/" + SecurityEvents.TokenType],
        ValidAlgorithms = [SecurityAlgorithms.EcdsaSha256],
        // What has happened does not expire (RFC 8417 §2.2).
        ValidateLifetime = false,
        IssuerSigningKeyResolver = (_, _, kid, _) => keys.Known(kid) is { } key ? [key] : [],
        TryAllIssuerSigningKeys = false,
    };

    /// <summary>
    /// The floor is raised before the fence: writes that would still take the fence in share could otherwise make it
    /// wait for ever.
    /// </summary>
    public async Task Apply(string jti, string set, CancellationToken cancellation)
    {
        var (kind, happened) = await Read(jti, set, cancellation);
        if (kind == SecurityEvents.KeyWithdrawn)
            await keys.FetchAnew(cancellation);
        floors.Raise(happened);
        await writes.Finish(happened.Account, cancellation);
        if (happened is { Account: { } account, Generation: { } generation })
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
            await db.RaiseFence(account, generation, happened.CredentialSet ?? Fence.Nobody, cancellation);
        }
    }

    private async Task<(string Kind, SecurityEvent Event)> Read(string jti, string set, CancellationToken cancellation)
    {
        try
        {
            if (keys.Known(Jwts.ReadJsonWebToken(set).Kid) is null)
                await keys.FetchAnew(cancellation);
            var result = await Jwts.ValidateTokenAsync(set, validation);
            if (!result.IsValid)
                throw Unusable(jti, result.Exception);
            var token = (JsonWebToken)result.SecurityToken;
            if (token.Id == jti
                && token.TryGetPayloadValue<JsonElement>("events", out var events)
                && events.ValueKind == JsonValueKind.Object
                && events.EnumerateObject().ToArray() is [var only]
                && only.Value.Deserialize<SecurityEvent>() is { } happened)
                return (only.Name, happened);
            throw Unusable(jti);
        }
        catch (Exception malformed) when (malformed is ArgumentException or SecurityTokenException or JsonException)
        {
            throw Unusable(jti, malformed);
        }
    }

    private static AuthServerFault Unusable(string jti, Exception? why = null) =>
        AuthServerFault.OfAnswer($"event {jti} is none that it signed for this server", why);
}
