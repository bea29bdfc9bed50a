using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Shared.Contracts;

namespace Auth.Server.Issuance;

/// <summary>What a new credential set should be.</summary>
/// <param name="AccountId">Whose it is.</param>
/// <param name="Replaces">
/// The active set that the caller saw, null if there was none. If that is no longer so, nothing is done.
/// </param>
/// <param name="Method">One of <see cref="CredentialMethods"/>.</param>
/// <param name="Actor">Who asks.</param>
/// <param name="Lifetime">Until the set ends by itself; null is the method's default.</param>
/// <param name="RedirectUris">Where codes may be sent; without any, a client has client credentials only.</param>
/// <param name="RequirePkce">Whether the client must prove with each code that it asked for it (RFC 7636); Okta
/// cannot.</param>
/// <param name="Jwks">
/// Public keys, a JWK set, with which the client proves itself (<c>private_key_jwt</c>); it then has no secret.
/// </param>
/// <param name="Staging">How the set takes over later; null if it does so now.</param>
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
    /// <summary>How long a direct JWT lives unless chosen otherwise.</summary>
    public static readonly TimeSpan DirectJwtLifetime = TimeSpan.FromDays(365);

    /// <summary>Who asks, for people to read.</summary>
    public string By => Actor.DisplayName;

    private static readonly TimeSpan longestLifetime = TimeSpan.FromDays(3 * 365);
    private static readonly TimeSpan shortestLifetime = TimeSpan.FromMinutes(5);

    /// <summary>A lifetime in days; so many that no time span has them are as good as too many.</summary>
    public static TimeSpan Days(int days) => TimeSpan.FromDays(Math.Clamp(days, -1, 1_000_000));

    /// <summary>When a set of this kind that is made now ends by itself, UTC; null if it does not.</summary>
    public DateTime? ExpiresAt(DateTime now) =>
        now + (Lifetime ?? (Method == CredentialMethods.DirectJwt ? DirectJwtLifetime : null));

    /// <exception cref="ProblemException">A value is wrong (400).</exception>
    public void Check()
    {
        if (Method is not (CredentialMethods.OAuth2 or CredentialMethods.DirectJwt))
            throw ProblemException.Invalid($"\"{Method}\" is no authentication method.");
        if (Method == CredentialMethods.DirectJwt
            && this is not { RedirectUris: null or { Count: 0 }, RequirePkce: false, Jwks: null })
        {
            throw ProblemException.Invalid("A direct JWT has no redirect URIs and no keys.");
        }
        if (this is { RequirePkce: true, RedirectUris: null or { Count: 0 } })
            throw ProblemException.Invalid("Without a redirect URI there are no codes for PKCE to protect.");
        if (Lifetime is { } lifetime && (lifetime < shortestLifetime || lifetime > longestLifetime))
        {
            throw ProblemException.Invalid(
                $"A lifetime is at least {shortestLifetime.TotalMinutes} minutes and at most "
                + $"{longestLifetime.TotalDays} days.");
        }
        Staging?.Check(Lifetime);
        if (Jwks is not null)
            PublicKeys.Read(Jwks);
        foreach (var uri in RedirectUris ?? [])
            Issuance.RedirectUris.Check(uri);
    }
}

/// <summary>How a staged set takes over from the active one, which goes on until then.</summary>
/// <param name="Activation">What makes it take over.</param>
/// <param name="Within">Until it ends by itself, unused; null is seven days.</param>
/// <param name="Replaces">The staged set that the caller saw, which this one replaces; null if there was none.</param>
internal sealed record Staging(Activation Activation, TimeSpan? Within = null, Guid? Replaces = null)
{
    private static readonly TimeSpan usual = TimeSpan.FromDays(7);
    private static readonly TimeSpan longest = TimeSpan.FromDays(30);
    private static readonly TimeSpan shortest = TimeSpan.FromMinutes(5);

    /// <summary>Until when a set that is staged now can take over.</summary>
    public DateTime Before(DateTime now) => now + (Within ?? usual);

    /// <exception cref="ProblemException">A value is wrong (400).</exception>
    public void Check(TimeSpan? lifetime)
    {
        if (Within is not { } within)
            return;
        if (within < shortest || within > longest)
        {
            throw ProblemException.Invalid(
                $"A staged set waits at least {shortest.TotalMinutes} minutes and at most {longest.TotalDays} days.");
        }
        if (within > lifetime)
            throw ProblemException.Invalid("A staged set cannot wait longer than it lives.");
    }
}
