namespace Shared.Contracts;

/// <summary>Whom a token is for: the <c>aud</c> claim (RFC 7519 §4.1.3).</summary>
public static class Audiences
{
    /// <summary><c>Scim.Api</c>. Also the client id with which <c>Scim.Api</c> introspects.</summary>
    public const string Scim = "scim";

    /// <summary>The management API of <c>Auth.Server</c>.</summary>
    public const string Management = "management";
}
