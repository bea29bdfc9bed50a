namespace Shared.Contracts;

/// <summary>How strictly a user's attributes are checked; set per account.</summary>
public static class AttributeRuleSets
{
    /// <summary>
    /// The rules of the setup guide (the default): userName is an e-mail address; first and last name are required.
    /// </summary>
    public const string Guide = "guide";

    /// <summary>Only the rules of RFC 7643.</summary>
    public const string Rfc = "rfc";
}
