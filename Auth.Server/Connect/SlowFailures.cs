using System.Net;
using Auth.Server.Limits;
using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Answers one failed proof or one request too many with 429 (RFC 6585 §4) and <c>Retry-After</c>, at every endpoint
/// where clients prove themselves.
/// </summary>
internal sealed class SlowFailures<TContext>(FailedProofs failures) : IOpenIddictServerHandler<TContext>
    where TContext : BaseRequestContext
{
    public async ValueTask HandleAsync(TContext context)
    {
        if (context.Transaction.GetHttpRequest()?.HttpContext is not { } http)
            return;
        // The client made too many requests, or no place was left to wait in.
        if (context.Transaction.Response is { Error: Errors.TemporarilyUnavailable })
        {
            Refuse(
                http.Response,
                context.Transaction.GetProperty<object>(ClientRequests.Wait) as TimeSpan? ?? FairQueue.TryAgainAfter);
        }

        if (context.Transaction.Response is not { } response || !IsFailedProof(context.Transaction, response))
            return;
        var id = context.Transaction.Request?.ClientId;
        // Looked up already, if it was sent as a client id.
        var isKnown = id is { Length: > 0 } && await http.RequestServices.GetRequiredService<ClientManager>()
            .Knows(id, context.CancellationToken);
        if (failures.Count(id, isKnown, http.Connection.RemoteIpAddress) is { } wait)
        {
            response.Error = Errors.TemporarilyUnavailable;
            response.ErrorDescription = "There were too many failures to prove who the client is.";
            response.ErrorUri = null;
            Refuse(http.Response, wait);
        }
    }

    /// <summary>
    /// Whether a client did not prove who it is: by its secret, by its key, or by the token that it trades, which is
    /// a proof like any other.
    /// </summary>
    private static bool IsFailedProof(OpenIddictServerTransaction transaction, OpenIddictResponse response) =>
        response.Error == Errors.InvalidClient
        || (response.Error is Errors.InvalidGrant or Errors.InvalidToken
            && transaction.Request is { } request && TokenExchange.IsItsOwnProof(request)
            && transaction.GetProperty<object>(TokenExchange.Proved) is null);

    private static void Refuse(HttpResponse response, TimeSpan wait)
    {
        response.StatusCode = (int)HttpStatusCode.TooManyRequests;
        response.Headers.RetryAfter = FailedProofs.InSeconds(wait);
    }
}
