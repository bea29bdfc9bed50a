using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.Extensions.Caching.Memory;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using Shared.Contracts;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// The rules of RFC 7523 §3 for client assertions that OpenIddict does not enforce. It has checked
/// signature, audience and expiry.
/// </summary>
internal static class ClientAssertions
{
    // Limited because each assertion is remembered until it expires.
    private static readonly TimeSpan longestLifetime = TimeSpan.FromHours(1);

    // The clock skew that OpenIddict allows.
    private static readonly TimeSpan clockSkew = TimeSpan.FromMinutes(5);

    private static object MemoryKey(ProcessAuthenticationContext context) =>
        (typeof(ClientAssertions), context.ClientId, context.ClientAssertion);

    /// <summary>
    /// Skips the verification of an assertion that was verified moments ago. Scim.Api sends the same assertion for a
    /// minute, and verifying it each time would double the cost of an introspection.
    /// </summary>
    internal sealed class Recall(IMemoryCache memory) : IOpenIddictServerHandler<ProcessAuthenticationContext>
    {
        public ValueTask HandleAsync(ProcessAuthenticationContext context)
        {
            if (context is { EndpointType: OpenIddictServerEndpointType.Introspection, ClientAssertion.Length: > 0 }
                && memory.TryGetValue(MemoryKey(context), out ClaimsPrincipal? assertion))
            {
                context.ClientAssertionPrincipal = assertion;
                context.ValidateClientAssertion = false;
            }
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>
    /// Accepts the type that client libraries use, <c>JWT</c>, or none, as RFC 7523 requires no other. OpenIddict only
    /// accepts the type from that RFC's successor. Any other type is refused (RFC 8725 §3.11).
    /// </summary>
    internal sealed class AcceptUsualType : IOpenIddictServerHandler<ValidateTokenContext>
    {
        public ValueTask HandleAsync(ValidateTokenContext context)
        {
            if (context.ValidTokenTypes.Contains(TokenTypeIdentifiers.Private.ClientAssertion))
                context.TokenValidationParameters!.TypeValidator = TypeOf;
            return ValueTask.CompletedTask;
        }

        private static string TypeOf(string? type, SecurityToken token, TokenValidationParameters parameters) =>
            string.IsNullOrEmpty(type)
            || type.Equals(JsonWebTokenTypes.GenericJsonWebToken, StringComparison.OrdinalIgnoreCase)
            || type == JsonWebTokenTypes.ClientAuthentication
                ? JsonWebTokenTypes.ClientAuthentication
                : throw new SecurityTokenInvalidTypeException($"The type {type} is not that of a client assertion.");
    }

    /// <summary>
    /// Refuses ambiguous or invalid claims: a duplicate member (RFC 7519 §4), a time out of range, an audience that is
    /// not text. Some of them would make OpenIddict fail.
    /// </summary>
    internal sealed class CheckClaims : IOpenIddictServerHandler<ValidateTokenContext>
    {
        // The last second of the year 9999.
        private const double LastDate = 253_402_300_799;

        private static readonly JsonDocumentOptions json = new() { AllowDuplicateProperties = false };

        public ValueTask HandleAsync(ValidateTokenContext context)
        {
            if (context.ValidTokenTypes.Contains(TokenTypeIdentifiers.Private.ClientAssertion)
                && FaultOf(context.Token!) is { } fault)
                context.Reject(Errors.InvalidClient, $"The client assertion {fault}.");
            return ValueTask.CompletedTask;
        }

        private static string? FaultOf(string assertion)
        {
            // A signed JWT has three parts; OpenIddict refuses anything else.
            if (assertion.Split('.') is not [var header, var payload, _])
                return null;
            try
            {
                using var _ = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(header), json);
                using var claims = JsonDocument.Parse(Base64UrlEncoder.DecodeBytes(payload), json);
                return FaultOf(claims.RootElement);
            }
            catch (Exception error)
                when (error is JsonException or FormatException or ArgumentException or InvalidOperationException)
            {
                return "must consist of two JSON objects without duplicate members";
            }
        }

        private static string? FaultOf(JsonElement claims)
        {
            if (claims.ValueKind != JsonValueKind.Object)
                return "has claims that are not a JSON object";
            foreach (var name in new[] { Claims.ExpiresAt, Claims.NotBefore, Claims.IssuedAt })
            {
                if (claims.TryGetProperty(name, out var time)
                    && !(time.ValueKind == JsonValueKind.Number && time.GetDouble() is >= 0 and <= LastDate))
                    return $"has an {name} that is not a time in seconds since 1970";
            }
            return !claims.TryGetProperty(Claims.Audience, out var audience)
                || audience.ValueKind == JsonValueKind.String
                || (audience.ValueKind == JsonValueKind.Array
                    && audience.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String))
                ? null
                : "has an aud that is neither a string nor an array of strings";
        }
    }

    /// <summary>
    /// Requires this server as the only audience: another server that received an assertion for several audiences could
    /// use it here (RFC 7523 §3 and its successor, draft-ietf-oauth-rfc7523bis). The issuer is the right audience. The
    /// token endpoint, which common libraries use, is also accepted and, at the pushed authorization endpoint, that
    /// endpoint (RFC 9126 §2). A <c>crit</c> header (RFC 7515 §4.1.11) is refused, as this server knows no extensions.
    /// </summary>
    internal sealed class CheckAudience(AuthOptions options) : IOpenIddictServerHandler<ValidateTokenContext>
    {
        public ValueTask HandleAsync(ValidateTokenContext context)
        {
            if (!context.ValidTokenTypes.Contains(TokenTypeIdentifiers.Private.ClientAssertion))
                return ValueTask.CompletedTask;
            context.ValidAudiences.Add(new Uri(options.PublicUrl, AuthServerPaths.Token).AbsoluteUri);
            if (context.EndpointType == OpenIddictServerEndpointType.PushedAuthorization)
                context.ValidAudiences.Add(
                    new Uri(options.PublicUrl, AuthorizationServer.PushedAuthorizationPath).AbsoluteUri);
            if (FaultOf(context) is { } fault)
                context.Reject(Errors.InvalidClient, $"The client assertion {fault}.");
            return ValueTask.CompletedTask;
        }

        private string? FaultOf(ValidateTokenContext context)
        {
            if (context.TokenValidationResult?.SecurityToken is not JsonWebToken assertion
                || assertion.TryGetHeaderValue("crit", out object _))
                return "has the header crit, with extensions that this server does not support";
            var audiences = context.Principal!.GetAudiences();
            return audiences.Length switch
            {
                0 => $"has no audience: aud must be the issuer, {options.PublicUrl}",
                1 when context.ValidAudiences.Contains(audiences[0]) => null,
                1 => $"is for another server: aud must be the issuer, {options.PublicUrl}",
                _ => $"is for {audiences.Length} audiences: aud must be the issuer alone, {options.PublicUrl}",
            };
        }
    }

    /// <summary>Checks the remaining claims. If one is wrong, client authentication has failed (§3.2).</summary>
    internal sealed class Check(IMemoryCache memory, TimeProvider time)
        : IOpenIddictServerHandler<ProcessAuthenticationContext>
    {
        public ValueTask HandleAsync(ProcessAuthenticationContext context)
        {
            if (context.ClientAssertionPrincipal is not { } assertion)
                return ValueTask.CompletedTask;
            if (FaultOf(assertion, context.ClientId, time.GetUtcNow()) is { } fault)
                context.Reject(Errors.InvalidClient, $"The client assertion {fault}.");
            else if (context.EndpointType == OpenIddictServerEndpointType.Introspection
                && context.ValidateClientAssertion)
                memory.Set(MemoryKey(context), assertion, ResourceServers.MemorySpan);
            return ValueTask.CompletedTask;
        }

        private static string? FaultOf(
            ClaimsPrincipal assertion, string? clientId, DateTimeOffset now)
        {
            if (assertion.GetClaim(Claims.Issuer) is not { Length: > 0 } issuer
                || issuer != assertion.GetClaim(Claims.Subject)
                || (!string.IsNullOrEmpty(clientId) && clientId != issuer))
            {
                return "must name the client as iss and as sub";
            }
            if (assertion.GetClaim(Claims.JwtId) is not { Length: > 0 })
                return "has no jti, so it could be used repeatedly";
            if (assertion.GetExpirationDate() is not { } end || end > now + longestLifetime)
                return "must expire (exp) within an hour";
            return double.TryParse(
                    assertion.GetClaim(Claims.NotBefore), NumberStyles.Float, CultureInfo.InvariantCulture,
                    out var begin)
                && begin > (now + clockSkew).ToUnixTimeSeconds()
                ? "is not valid yet (nbf)"
                : null;
        }
    }

    /// <summary>
    /// Accepts each assertion only once (§3, point 7), except at introspection: nothing is gained by repeating that,
    /// and signing for every request would cost a resource server more than the rest of the request.
    /// </summary>
    internal sealed class UseOnce(AuthDbContext db) : IOpenIddictServerHandler<ProcessAuthenticationContext>
    {
        public async ValueTask HandleAsync(ProcessAuthenticationContext context)
        {
            if (context.ClientAssertionPrincipal is not { } assertion
                || context.EndpointType == OpenIddictServerEndpointType.Introspection)
            {
                return;
            }

            var name = $"{context.ClientId} {assertion.GetClaim(Claims.JwtId)}";
            var id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
            var end = assertion.GetExpirationDate()!.Value.UtcDateTime + clockSkew;
            await using var transaction = await db.BeginWrite(CancellationToken.None);
            var added = await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO "UsedAssertions" ("Id", "ExpiresAt") VALUES ({id}, {end})
                ON CONFLICT ("Id") DO NOTHING
                """);
            await transaction.Commit(CancellationToken.None);
            if (added == 0)
                context.Reject(Errors.InvalidClient, "The client assertion was used before.");
        }
    }
}

/// <summary>A client assertion that was used.</summary>
internal sealed class UsedAssertion
{
    /// <summary>SHA-256 of client id and <c>jti</c>.</summary>
    public required string Id { get; init; }

    /// <summary>UTC; from then on, the assertion is refused because it has expired.</summary>
    public required DateTime ExpiresAt { get; init; }

    internal sealed class Configuration : IEntityTypeConfiguration<UsedAssertion>
    {
        public void Configure(EntityTypeBuilder<UsedAssertion> assertion)
        {
            assertion.ToTable("UsedAssertions");
            assertion.HasIndex(a => a.ExpiresAt);
        }
    }
}

/// <summary>The table of used client assertions.</summary>
internal static class ClientAssertionTables
{
    extension(AuthDbContext db)
    {
        public DbSet<UsedAssertion> UsedAssertions => db.Set<UsedAssertion>();
    }
}
