using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using Shared.Contracts;
using Shared.Hosting;

namespace Scim.Api.Tokens;

/// <summary>Calls the management API of the authorization server in this server's own name, for commands.</summary>
internal sealed class AuthServerClient(
    AuthServerConnection authServer, ClientCredentials credentials, IOptions<AuthServerOptions> options)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>The account's policy now; a <see cref="OperatorException"/> says why there is none.</summary>
    public async Task<AccountPolicy> GetAccount(Guid id, CancellationToken cancellation)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(Timeout);
        try
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Get, new Uri(options.Value.BaseAddress, $"{AuthServerPaths.Accounts}/{id}"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", await GetToken(limited.Token));
            return await authServer.Send<AccountPolicy>(request, limited.Token);
        }
        catch (AuthServerFault fault) when (fault.Status is HttpStatusCode.NotFound)
        {
            throw new OperatorException($"There is no account {id}.");
        }
        catch (AuthServerFault fault) when (fault.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            throw new OperatorException($"Auth.Server at {options.Value.Url} does not let Scim.Api read accounts.");
        }
        catch (AuthServerFault fault)
        {
            throw new OperatorException($"The account cannot be read from {options.Value.Url}: {fault.Message}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new OperatorException(
                $"Auth.Server at {options.Value.Url} did not answer in {Timeout.TotalSeconds} seconds.");
        }
    }

    private async Task<string> GetToken(CancellationToken cancellation)
    {
        try
        {
            return (await credentials.GetToken(Scopes.ReadAccounts, cancellation)).Value;
        }
        catch (AuthServerFault fault) when (fault.Status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized)
        {
            throw new OperatorException(
                $"Auth.Server at {options.Value.Url} does not know this Scim.Api: register the keys that "
                + "Scim.Api client-key create prints with Auth.Server resource-servers add --jwks FILE.");
        }
    }
}
