using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Shared.Contracts;

namespace Auth.Server.Provisioning;

/// <summary>Everything that decides whether and why a person is not provisioned.</summary>
internal sealed record Facts
{
    /// <summary>The e-mail address that was asked about.</summary>
    public required string Address { get; init; }

    public required Account Account { get; init; }

    /// <summary>The time of the diagnosis, UTC.</summary>
    public required DateTime Now { get; init; }

    /// <summary>The account's live credential set.</summary>
    public CredentialSet? Active { get; init; }

    /// <summary>A set that is ready to become active.</summary>
    public CredentialSet? Staged { get; init; }

    /// <summary>The set that was active before <see cref="Active"/> or, if there is none, the last one.</summary>
    public CredentialSet? Previous { get; init; }

    /// <summary>What <c>Scim.Api</c> knows; null if it cannot be reached.</summary>
    public PortalLookup? Lookup { get; init; }
}
