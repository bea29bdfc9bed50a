using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Replaces OpenIddict's error codes by those of the RFCs where they differ, and removes the links to its
/// documentation, so that nobody is sent to a third party.
/// </summary>
internal sealed class ErrorResponses<TContext> : IOpenIddictServerHandler<TContext>
    where TContext : BaseRequestContext
{
    public ValueTask HandleAsync(TContext context)
    {
        if (context.Transaction.Response is not { Error: { } error } response)
            return ValueTask.CompletedTask;
        response.Error = (response.ErrorUri?.Split('/')[^1], context.EndpointType) switch
        {
            // A scope that is not allowed or was not granted (RFC 6749 §4.1.2.1, §5.2).
            ("ID2051", _) => Errors.InvalidScope,
            ("ID2052" or "ID2074", OpenIddictServerEndpointType.Token) when error == Errors.InvalidGrant
                && response.ErrorDescription?.Contains("'scope'", StringComparison.Ordinal) == true =>
                    Errors.InvalidScope,
            // A client assertion with a missing claim, or one of the wrong type (RFC 7523 §3.2).
            ("ID2171" or "ID2172" or "ID2173", _) => Errors.InvalidClient,
            // A malformed resource counts as an invalid target (RFC 8707 §2).
            (_, _) when error == Errors.InvalidRequest
                && response.ErrorDescription?.Contains("'resource'", StringComparison.Ordinal) == true =>
                    Errors.InvalidTarget,
            // The authorization endpoint has no error codes about tokens.
            (_, OpenIddictServerEndpointType.Authorization) when error is Errors.InvalidToken or Errors.MissingToken =>
                Errors.InvalidRequest,
            _ => error,
        };
        response.ErrorUri = null;
        return ValueTask.CompletedTask;
    }
}
