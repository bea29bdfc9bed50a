namespace Shared.Contracts;

/// <summary>Why requests are refused, as far as it decides what an administrator can do about it.</summary>
public static class RefusalCauses
{
    /// <summary>The token is not one of the active credentials.</summary>
    public const string Token = "token";

    /// <summary>No seat is left.</summary>
    public const string Seats = "seats";

    /// <summary>SCIM is not enabled for the account.</summary>
    public const string ScimDisabled = "scimDisabled";

    /// <summary>The caller may not do this for another reason.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>There is no such user.</summary>
    public const string NotFound = "notFound";

    /// <summary>Another user has the name or address.</summary>
    public const string Conflict = "conflict";

    /// <summary>The user has changed since the caller read it.</summary>
    public const string Version = "version";

    /// <summary>The account sends too many requests.</summary>
    public const string RateLimit = "rateLimit";

    /// <summary>Groups are not supported.</summary>
    public const string Groups = "groups";

    /// <summary>It was not certain whether the request may be carried out.</summary>
    public const string Unavailable = "unavailable";

    /// <summary>The domain of an e-mail address is not allowed.</summary>
    public const string Domain = "domain";

    /// <summary>A required attribute is missing.</summary>
    public const string Required = "required";

    /// <summary>The request breaks another rule.</summary>
    public const string Invalid = "invalid";

    /// <summary>All causes.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Token, Seats, ScimDisabled, Forbidden, NotFound, Conflict, Version, RateLimit, Groups, Unavailable, Domain,
        Required, Invalid,
    ];
}
