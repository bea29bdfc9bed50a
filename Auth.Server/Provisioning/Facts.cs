using Shared.Contracts;

namespace Auth.Server.Provisioning;

/// <summary>Everything that decides whether and why a person is not provisioned.</summary>
internal sealed record Facts
{
    /// <summary>The e-mail address that was asked about.</summary>
    public required string Address { get; init; }

    /// <summary>What this server knows.</summary>
    public required Connection Connection { get; init; }

    /// <summary>What <c>Scim.Api</c> knows; null if it cannot be reached.</summary>
    public PortalLookup? Lookup { get; init; }
}
