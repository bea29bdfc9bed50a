namespace Shared.Contracts;

/// <summary>How an identity provider authenticates: the method of a credential set.</summary>
public static class CredentialMethods
{
    /// <summary>A client id and a client secret (RFC 6749).</summary>
    public const string OAuth2 = "oauth2";

    /// <summary>One long-lived bearer JWT. Only these are accepted without the word <c>Bearer</c>.</summary>
    public const string DirectJwt = "direct_jwt";
}
