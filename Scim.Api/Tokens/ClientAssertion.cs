using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// Proves who this server is: a JWT signed with the <see cref="ClientKey"/> (RFC 7523 §2.2), for the issuer and no one
/// else. One is used for a minute, so that not every introspection costs a signature.
/// </summary>
internal sealed class ClientAssertion(ClientKey key, IOptions<AuthServerOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Use = TimeSpan.FromMinutes(1);

    // Longer than its use, so that a clock which runs a little late harms nobody.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };
    private volatile Minted? current;

    /// <summary>The form fields that authenticate a request of ours.</summary>
    public IEnumerable<KeyValuePair<string, string>> Parameters() =>
    [
        new("client_id", Audiences.Scim),
        new("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        new("client_assertion", Current()),
    ];

    private string Current()
    {
        var now = time.GetUtcNow();
        // Two requests at once may mint two; either is good.
        if (current is not { } minted || now >= minted.UsedUntil || now < minted.At)
            current = minted = new(Mint(now), now, now + Use);
        return minted.Jwt;
    }

    private string Mint(DateTimeOffset now) => handler.CreateToken(new SecurityTokenDescriptor
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

    private sealed record Minted(string Jwt, DateTimeOffset At, DateTimeOffset UsedUntil);
}
