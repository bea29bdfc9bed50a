using Auth.Server.Accounts;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>The HTTP API for SciLeads' own servers and automation. Every caller has a token of its own.</summary>
internal static class ManagementApi
{
    public static void MapManagement(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapGet(AuthServerPaths.Accounts + "/{id:guid}", GetAccount)
            .RequireAuthorization(Scopes.ReadAccounts);

    private static async Task<AccountPolicy> GetAccount(
        Guid id, AccountRegister accounts, CancellationToken cancellation) =>
        (await accounts.Get(id, cancellation)).ToPolicy();
}
