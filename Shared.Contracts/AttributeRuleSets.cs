namespace Shared.Contracts;

/// <summary>How strictly a user's attributes are judged; set by account.</summary>
public static class AttributeRuleSets
{
    /// <summary>
    /// The setup guide's rules (the default): people are named by e-mail, first and last name are required.
    /// </summary>
    public const string Guide = "guide";

    /// <summary>RFC 7643's rules and no others.</summary>
    public const string Rfc = "rfc";
}
