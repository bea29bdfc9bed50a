namespace Shared.Contracts;

/// <summary>Claims of access tokens beyond those of RFC 9068.</summary>
public static class AccessTokenClaims
{
    /// <summary>The id of the credential set that the token was issued under; <c>sub</c> is then its account.</summary>
    public const string CredentialSet = "credential_set";
}
