using System.Net;
using Auth.Server.Limits;
using Microsoft.AspNetCore;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Responds to too many failed authentications or requests with 429 (RFC 6585 §4) and <c>Retry-After</c>, at every
/// endpoint where clients authenticate.
/// </summary>
internal sealed class TooManyRequests<TContext>(FailedAuthentications failures) : IOpenIddictServerHandler<TContext>
    where TContext : BaseRequestContext
{
    public async ValueTask HandleAsync(TContext context)
    {
        if (context.Transaction.GetHttpRequest()?.HttpContext is not { } http)
            return;
        // The client made too many requests, or the queue was full.
        if (context.Transaction.Response is { Error: Errors.TemporarilyUnavailable })
        {
            Refuse(
                http.Response,
                context.Transaction.GetProperty<object>(ClientRateLimit.Wait) as TimeSpan? ?? FairQueue.TryAgainAfter);
        }

        if (context.Transaction.Response is not { } response || !IsFailedAuthentication(context.Transaction, response))
            return;
        var id = context.Transaction.Request?.ClientId;
        // Already cached, as the request has looked it up.
        var isKnown = id is { Length: > 0 } && await http.RequestServices.GetRequiredService<ClientManager>()
            .Knows(id, context.CancellationToken);
        if (failures.Count(id, isKnown, http.Connection.RemoteIpAddress) is { } wait)
        {
            response.Error = Errors.TemporarilyUnavailable;
            response.ErrorDescription = "There were too many failed client authentications.";
            response.ErrorUri = null;
            Refuse(http.Response, wait);
        }
    }

    /// <summary>
    /// Whether client authentication failed: with a secret, with a key, or with the subject
    /// token that takes their place.
    /// </summary>
    private static bool IsFailedAuthentication(OpenIddictServerTransaction transaction, OpenIddictResponse response) =>
        response.Error == Errors.InvalidClient
        || (response.Error is Errors.InvalidGrant or Errors.InvalidToken
            && transaction.Request is { } request && TokenExchange.LacksClientAuthentication(request)
            && transaction.GetProperty<object>(TokenExchange.SubjectTokenAccepted) is null);

    private static void Refuse(HttpResponse response, TimeSpan wait)
    {
        response.StatusCode = (int)HttpStatusCode.TooManyRequests;
        response.Headers.RetryAfter = FailedAuthentications.InSeconds(wait);
    }
}
