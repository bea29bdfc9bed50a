namespace Shared.Contracts;

/// <summary>The addresses of <c>Auth.Server</c> that <c>Scim.Api</c> calls, relative to its base address.</summary>
public static class AuthServerPaths
{
    /// <summary>Signing keys as a JWK set (RFC 7517 §5).</summary>
    public const string Keys = ".well-known/jwks";

    /// <summary>Token introspection (RFC 7662).</summary>
    public const string Introspection = "connect/introspect";

    /// <summary>The token endpoint (RFC 6749 §3.2).</summary>
    public const string Token = "connect/token";

    /// <summary>
    /// One account as an <see cref="AccountPolicy"/>, <c>GET management/accounts/{id}</c>; the caller needs
    /// <see cref="Scopes.ReadAccounts"/>.
    /// </summary>
    public const string Accounts = "management/accounts";

    /// <summary>Where nodes of <c>Scim.Api</c> poll for security events (RFC 8936).</summary>
    public const string EventsPoll = "events/poll";
}
