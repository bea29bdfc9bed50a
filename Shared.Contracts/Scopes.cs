namespace Shared.Contracts;

/// <summary>What a token allows: the <c>scope</c> claim (RFC 9068 §2.2.3).</summary>
public static class Scopes
{
    /// <summary>Provisioning: everything under <c>/scim/v2</c> of <c>Scim.Api</c>.</summary>
    public const string Scim = "scim";

    /// <summary>
    /// For the portal: <c>/portal</c> of <c>Scim.Api</c>. Only the portal's own tokens have it.
    /// </summary>
    public const string Portal = "portal";

    /// <summary>
    /// For <c>Auth.Server</c> itself: looking up a person in <c>/portal/lookup</c> of <c>Scim.Api</c>. Only the tokens
    /// that it issues to itself have it; they belong to an account, and to no session.
    /// </summary>
    public const string ReadPeople = "people.read";

    /// <summary>
    /// For <c>Auth.Server</c> itself: how many seats any accounts use, in <c>/portal/seats-in-use</c> of
    /// <c>Scim.Api</c>. Only the tokens that it issues to itself have it. They belong to one of the accounts, as every
    /// token belongs to one, and to no session.
    /// </summary>
    public const string CountSeats = "seats.count";

    /// <summary>
    /// Marks the requests of a connection test, in addition to <see cref="Scim"/>. Only the tokens that
    /// <c>Auth.Server</c> issues to itself for a test have it; they belong to the account's active credential set.
    /// </summary>
    public const string ConnectionTest = "connection.test";

    /// <summary>Reading accounts through the management API.</summary>
    public const string ReadAccounts = "accounts.read";

    /// <summary>Polling for security events.</summary>
    public const string PollEvents = "events.poll";
}
