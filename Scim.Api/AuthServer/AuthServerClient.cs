using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using Shared.Contracts;
using Shared.Hosting;

namespace Scim.Api.AuthServer;

/// <summary>Calls Auth.Server's management API as this resource server, for commands.</summary>
internal sealed class AuthServerClient(
    AuthServerConnection authServer, ClientCredentials credentials, IOptions<AuthServerOptions> options)
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    /// <summary>The account's current policy.</summary>
    /// <exception cref="OperatorException">The account cannot be read; the message says why.</exception>
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
            throw new OperatorException(
                $"Auth.Server at {options.Value.Url} does not allow Scim.Api to read accounts.");
        }
        catch (AuthServerFault fault)
        {
            throw new OperatorException($"The account cannot be read from {options.Value.Url}: {fault.Message}");
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new OperatorException(
                $"Auth.Server at {options.Value.Url} did not answer within {Timeout.TotalSeconds} seconds.");
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
                $"Auth.Server at {options.Value.Url} does not know this Scim.Api: save the keys that \"Scim.Api "
                + "client-key create\" prints, and register them with \"Auth.Server resource-servers add --jwks "
                + "FILE\".");
        }
    }
}
