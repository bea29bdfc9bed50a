using Auth.Server.Provisioning;
using Shared.Contracts;

namespace Auth.Server.Pages.Overview;

/// <summary>
/// Steps 3 to 7 of the setup guide, which tick themselves off: what was done at the identity provider shows in its
/// requests. Shown until it has provisioned somebody.
/// </summary>
/// <param name="HasCredentials">Step 3: there are credentials.</param>
/// <param name="HasCalled">Step 4: the provider has called with them.</param>
/// <param name="HasRequested">Steps 5 and 7: the provider has asked to create a person.</param>
/// <param name="LacksAttributes">Step 6: such a request was refused because an attribute was missing.</param>
internal sealed record SetupChecklist(bool HasCredentials, bool HasCalled, bool HasRequested, bool LacksAttributes)
{
    /// <summary>The checklist of a connection; null if there is nothing to set up.</summary>
    public static SetupChecklist? Of(Connection connection, PortalOverview? figures)
    {
        var wasConnected = connection.LastCall is not null || connection.Previous?.LastUse is not null;
        return !connection.Account.AllowsScim || (figures?.HasProvisioned ?? wasConnected)
            ? null
            : new(
                connection.Active is not null || connection.Staged is not null,
                connection.LastCall is not null,
                figures?.HasRequested == true,
                figures?.Refusals.Any(refusals => refusals.Cause == RefusalCauses.Required) == true);
    }
}
