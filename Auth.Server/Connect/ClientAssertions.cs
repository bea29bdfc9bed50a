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
/// The rules of RFC 7523 §3 for client assertions that OpenIddict leaves open. It has checked signature, audience and
/// age.
/// </summary>
internal static class ClientAssertions
{
    // Each is remembered until it runs out.
    private static readonly TimeSpan longestLifetime = TimeSpan.FromHours(1);

    // What OpenIddict allows for clocks that differ.
    private static readonly TimeSpan clockSkew = TimeSpan.FromMinutes(5);

    private static object MemoryKey(ProcessAuthenticationContext context) =>
        (typeof(ClientAssertions), context.ClientId, context.ClientAssertion);

    /// <summary>
    /// Scim.Api shows the same assertion for a minute. The same bytes, verified moments ago, need not be verified
    /// again: that would double the price of an introspection.
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
    /// Takes the type that client libraries write, <c>JWT</c>, or none: RFC 7523 asks for no other. OpenIddict knows
    /// that of its successor only. Whatever says that it is something else is no assertion (RFC 8725 §3.11).
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
    /// Refuses claims that could mean two things, or nothing: a member that is there twice (RFC 7519 §4), a time that
    /// no date is of, an audience that is not text. OpenIddict would fail on some of them.
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
            // A signed one has three parts; another is refused for that.
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
                return "is not made of two JSON objects in which each member is there once";
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
    /// What OpenIddict leaves open. The audience is this server and nobody else: whoever else could read an assertion
    /// for several servers could use it here (RFC 7523 §3 and its successor, draft-ietf-oauth-rfc7523bis). The issuer
    /// is the right one; the token endpoint, which common libraries write, and at the endpoint for pushed requests that
    /// one (RFC 9126 §2) are taken too, each alone. A header that must be understood (<c>crit</c>, RFC 7515 §4.1.11) is
    /// not: there is none that this server knows.
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
                return "has the header crit, with extensions that this server does not know";
            var audiences = context.Principal!.GetAudiences();
            return audiences.Length switch
            {
                0 => $"does not say for whom it is: aud must be the issuer, {options.PublicUrl}",
                1 when context.ValidAudiences.Contains(audiences[0]) => null,
                1 => $"is for another server: aud must be the issuer, {options.PublicUrl}",
                _ => $"is for {audiences.Length} audiences: aud must be the issuer alone, {options.PublicUrl}",
            };
        }
    }

    /// <summary>What a sound assertion says; whatever it lacks, the client has not proved itself (§3.2).</summary>
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
                return "has no jti, so that it could be used again and again";
            if (assertion.GetExpirationDate() is not { } end || end > now + longestLifetime)
                return "must expire (exp), within an hour";
            return double.TryParse(
                    assertion.GetClaim(Claims.NotBefore), NumberStyles.Float, CultureInfo.InvariantCulture,
                    out var begin)
                && begin > (now + clockSkew).ToUnixTimeSeconds()
                ? "is not valid yet (nbf)"
                : null;
        }
    }

    /// <summary>
    /// Takes each assertion once (§3, point 7), except at introspection: nothing is gained by asking again, and a
    /// resource server that had to sign for every request would pay more for it than for the rest of the request.
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

/// <summary>A client assertion that was used to get something.</summary>
internal sealed class UsedAssertion
{
    /// <summary>SHA-256 of client id and <c>jti</c>.</summary>
    public required string Id { get; init; }

    /// <summary>UTC; from then on the assertion is refused for its age.</summary>
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
