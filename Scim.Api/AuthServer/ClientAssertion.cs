using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Scim.Api.AuthServer;

/// <summary>
/// Authenticates this server: a JWT signed with the <see cref="ClientKey"/> (RFC 7523 §2.2) whose only audience is the
/// issuer. For introspection, each one is used for a minute, so that not every request costs a signature.
/// </summary>
internal sealed class ClientAssertion(ClientKey key, IOptions<AuthServerOptions> options, TimeProvider time)
{
    private static readonly TimeSpan UseFor = TimeSpan.FromMinutes(1);

    // Longer than it is used, so that a clock that is slightly slow does no harm.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };
    private volatile Assertion? current;

    /// <summary>The form fields that authenticate an introspection request.</summary>
    public IEnumerable<KeyValuePair<string, string>> Parameters() => Parameters(Current());

    /// <summary>
    /// The same for any other request. The authorization server accepts each assertion only once there (RFC 7523 §3),
    /// and may have received a request whose response was lost.
    /// </summary>
    public IEnumerable<KeyValuePair<string, string>> ParametersForOneRequest() => Parameters(Create(time.GetUtcNow()));

    private static IEnumerable<KeyValuePair<string, string>> Parameters(string jwt) =>
    [
        new("client_id", Audiences.Scim),
        new("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        new("client_assertion", jwt),
    ];

    private string Current()
    {
        var now = time.GetUtcNow();
        // Two concurrent requests may create two; either is valid.
        if (current is not { } assertion || now >= assertion.UseUntil || now < assertion.CreatedAt)
            current = assertion = new(Create(now), now, now + UseFor);
        return assertion.Jwt;
    }

    private string Create(DateTimeOffset now) => handler.CreateToken(new SecurityTokenDescriptor
    {
        TokenType = "client-authentication+jwt",
        Issuer = Audiences.Scim,
        Audience = options.Value.Issuer,
        IssuedAt = now.UtcDateTime,
        Expires = (now + Lifetime).UtcDateTime,
        Claims = new Dictionary<string, object>
        {
            [JwtRegisteredClaimNames.Sub] = Audiences.Scim,
            [JwtRegisteredClaimNames.Jti] = Guid.NewGuid().ToString(),
        },
        SigningCredentials = key.SigningCredentials,
    });

    private sealed record Assertion(string Jwt, DateTimeOffset CreatedAt, DateTimeOffset UseUntil);
}
