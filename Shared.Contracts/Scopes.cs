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

    /// <summary>Reading accounts through the management API.</summary>
    public const string ReadAccounts = "accounts.read";

    /// <summary>Polling for security events.</summary>
    public const string PollEvents = "events.poll";
}
