using Auth.Server.Limits;
using Microsoft.AspNetCore;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Has requests take turns that come from a network in which clients have failed to prove who they are again and again:
/// as many are looked at as there are processors, each client of the network in turn. Until a client has proved itself,
/// its request costs queries and signatures. One that has (Scim.Api, which shows the same assertion for a minute) does
/// not wait, wherever it comes from.
/// </summary>
internal sealed class FailingClients(FailedProofs failures) : IOpenIddictServerHandler<ProcessAuthenticationContext>
{
    // The right secret is taken however many wrong ones came before it: it is refused only to protect memory.
    private const int Places = 1000;

    private readonly FairQueue queue = new(Environment.ProcessorCount, Places);

    public async ValueTask HandleAsync(ProcessAuthenticationContext context)
    {
        if (context.ClientAssertionPrincipal is not null
            || context.EndpointType is OpenIddictServerEndpointType.Authorization
            || context.Transaction.GetHttpRequest()?.HttpContext is not { } http
            || !failures.AreMany(http.Connection.RemoteIpAddress))
            return;
        var caller = $"{http.Connection.RemoteIpAddress} {context.Request?.ClientId}";
        if (await queue.Enter(caller, http.RequestAborted) is { } turn)
            http.Response.RegisterForDispose(turn);
        else
            context.Reject(
                Errors.TemporarilyUnavailable, "There are too many requests that do not prove who the client is.");
    }
}
