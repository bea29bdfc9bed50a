using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Shared.Contracts;

namespace Auth.Server.Issuance;

/// <summary>The properties of a credential set to generate.</summary>
/// <param name="AccountId">The account.</param>
/// <param name="Replaces">
/// The active set that the caller saw; null if there was none. If another set is active by now, the request is refused.
/// </param>
/// <param name="Method">One of <see cref="CredentialMethods"/>.</param>
/// <param name="Actor">Who asks.</param>
/// <param name="Lifetime">How long until the set expires; null is the method's default.</param>
/// <param name="RedirectUris">
/// Where codes may be sent; without any, the client can only use the client credentials grant.
/// </param>
/// <param name="RequirePkce">Whether the client must use PKCE (RFC 7636), which Okta cannot.</param>
/// <param name="Jwks">
/// Public keys, a JWK set, with which the client authenticates (<c>private_key_jwt</c>) instead of a secret.
/// </param>
/// <param name="Staging">How the set is activated later; null if it becomes active immediately.</param>
internal sealed record NewCredentialSet(
    Guid AccountId,
    Guid? Replaces,
    string Method,
    Actor Actor,
    TimeSpan? Lifetime = null,
    IReadOnlyList<string>? RedirectUris = null,
    bool RequirePkce = false,
    string? Jwks = null,
    Staging? Staging = null)
{
    /// <summary>The default lifetime of a direct JWT.</summary>
    public static readonly TimeSpan DirectJwtLifetime = TimeSpan.FromDays(365);

    /// <summary>The display name of who asks.</summary>
    public string By => Actor.DisplayName;

    private static readonly TimeSpan longestLifetime = TimeSpan.FromDays(3 * 365);
    private static readonly TimeSpan shortestLifetime = TimeSpan.FromMinutes(5);

    /// <summary>
    /// A lifetime in days. The number is clamped to what a <see cref="TimeSpan"/> can hold, and
    /// then refused as too long.
    /// </summary>
    public static TimeSpan Days(int days) => TimeSpan.FromDays(Math.Clamp(days, -1, 1_000_000));

    /// <summary>When a set generated now expires, UTC; null if it does not.</summary>
    public DateTime? ExpiresAt(DateTime now) =>
        now + (Lifetime ?? (Method == CredentialMethods.DirectJwt ? DirectJwtLifetime : null));

    /// <exception cref="ProblemException">A value is wrong (400).</exception>
    public void Check()
    {
        if (Method is not (CredentialMethods.OAuth2 or CredentialMethods.DirectJwt))
            throw ProblemException.Invalid($"\"{Method}\" is not an authentication method.");
        if (Method == CredentialMethods.DirectJwt
            && this is not { RedirectUris: null or { Count: 0 }, RequirePkce: false, Jwks: null })
        {
            throw ProblemException.Invalid("A direct JWT cannot have redirect URIs, PKCE or keys.");
        }
        if (this is { RequirePkce: true, RedirectUris: null or { Count: 0 } })
            throw ProblemException.Invalid("PKCE requires a redirect URI: without one, there are no codes to protect.");
        if (Lifetime is { } lifetime && (lifetime < shortestLifetime || lifetime > longestLifetime))
        {
            throw ProblemException.Invalid(
                $"A lifetime must be from {shortestLifetime.TotalMinutes} minutes "
                + $"to {longestLifetime.TotalDays} days.");
        }
        Staging?.Check(Lifetime);
        if (Jwks is not null)
            PublicKeys.Read(Jwks);
        foreach (var uri in RedirectUris ?? [])
            Issuance.RedirectUris.Check(uri);
    }
}

/// <summary>How a staged set replaces the active one, which stays active until then.</summary>
/// <param name="Activation">How the set is activated.</param>
/// <param name="Within">How long the set waits for activation before it expires; null is seven days.</param>
/// <param name="Replaces">The staged set that the caller saw, which this one replaces; null if there was none.</param>
internal sealed record Staging(Activation Activation, TimeSpan? Within = null, Guid? Replaces = null)
{
    private static readonly TimeSpan standard = TimeSpan.FromDays(7);
    private static readonly TimeSpan longest = TimeSpan.FromDays(30);
    private static readonly TimeSpan shortest = TimeSpan.FromMinutes(5);

    /// <summary>Until when a set that is staged now can be activated.</summary>
    public DateTime Before(DateTime now) => now + (Within ?? standard);

    /// <exception cref="ProblemException">A value is wrong (400).</exception>
    public void Check(TimeSpan? lifetime)
    {
        if (Within is not { } within)
            return;
        if (within < shortest || within > longest)
        {
            throw ProblemException.Invalid(
                $"A staged set can wait from {shortest.TotalMinutes} minutes to {longest.TotalDays} days.");
        }
        if (within > lifetime)
            throw ProblemException.Invalid("A staged set cannot wait for its activation longer than its own lifetime.");
    }
}
