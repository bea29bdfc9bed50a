using Auth.Server.Limits;
using Microsoft.AspNetCore;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Queues the requests from networks with many failed client authentications, because authentication costs queries and
/// signature checks. As many requests as there are processors proceed at a time, with the clients of a network in turn.
/// A client whose assertion was verified moments ago, such as Scim.Api, does not wait.
/// </summary>
internal sealed class FailingNetworks(FailedAuthentications failures)
    : IOpenIddictServerHandler<ProcessAuthenticationContext>
{
    // The right secret is accepted however many wrong ones came before it, so this limit only protects memory.
    private const int Places = 1000;

    private readonly FairQueue queue = new(Environment.ProcessorCount, Places);

    public async ValueTask HandleAsync(ProcessAuthenticationContext context)
    {
        if (context.ClientAssertionPrincipal is not null
            || context.EndpointType is OpenIddictServerEndpointType.Authorization
            || context.Transaction.GetHttpRequest()?.HttpContext is not { } http
            || !failures.HasManyFailures(http.Connection.RemoteIpAddress))
            return;
        var caller = $"{http.Connection.RemoteIpAddress} {context.Request?.ClientId}";
        if (await queue.Enter(caller, http.RequestAborted) is { } turn)
            http.Response.RegisterForDispose(turn);
        else
            context.Reject(
                Errors.TemporarilyUnavailable, "There are too many requests that fail client authentication.");
    }
}
