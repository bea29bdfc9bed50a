using System.Threading.RateLimiting;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// How many requests a client may make that cost rows: for tokens, pushed authorization requests and revocations.
/// Counted on each node once the client has proved itself, so that nobody can use up what is another's. Introspection
/// is free.
/// </summary>
internal sealed class ClientRequests(AuthOptions options) : IDisposable
{
    /// <summary>The property of a transaction that holds how long its client has to wait.</summary>
    public const string Wait = "Auth.Server.Connect.ClientRequests.Wait";

    private const string Description =
        "The client makes too many requests. It can use an access token until it expires.";

    // Clients that exist and have proved themselves: nobody can make them up.
    private readonly PartitionedRateLimiter<string> limiter = PartitionedRateLimiter.Create<string, string>(
        clientId =>
            RateLimitPartition.GetTokenBucketLimiter(clientId, _ => InAMinute(options.Limits.RequestsPerClient)));

    public void Dispose() => limiter.Dispose();

    private static TokenBucketRateLimiterOptions InAMinute(int requests)
    {
        // About once a second, or less often if that would be more than was asked for.
        var atOnce = Math.Max(1, requests / 60);
        return new()
        {
            TokenLimit = requests,
            TokensPerPeriod = atOnce,
            ReplenishmentPeriod = TimeSpan.FromMinutes((double)atOnce / requests),
        };
    }

    private void Count(BaseValidatingContext context, string clientId)
    {
        using var lease = limiter.AttemptAcquire(clientId);
        if (lease.IsAcquired)
            return;
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var time) ? time : TimeSpan.FromSeconds(1);
        context.Transaction.SetProperty(Wait, (object)wait);
        context.Reject(Errors.TemporarilyUnavailable, Description);
    }

    /// <summary>Counts a client that has authenticated, before its assertion is written down as used.</summary>
    internal sealed class OfAuthenticated(ClientRequests requests)
        : IOpenIddictServerHandler<ProcessAuthenticationContext>
    {
        public ValueTask HandleAsync(ProcessAuthenticationContext context)
        {
            if (context.EndpointType is OpenIddictServerEndpointType.Token
                    or OpenIddictServerEndpointType.PushedAuthorization
                    or OpenIddictServerEndpointType.Revocation
                && HasAuthenticated(context)
                && context.ClientId is { Length: > 0 } clientId)
            {
                requests.Count(context, clientId);
            }
            return ValueTask.CompletedTask;
        }
    }

    /// <summary>Counts the holder of a direct JWT, which is its client's proof, when that was found good.</summary>
    internal sealed class OfPublic(ClientRequests requests) : IOpenIddictServerHandler<ValidateTokenRequestContext>
    {
        public ValueTask HandleAsync(ValidateTokenRequestContext context)
        {
            if (TokenExchange.IsItsOwnProof(context.Request) && context.Request.ClientId is { Length: > 0 } clientId)
            {
                context.Transaction.SetProperty(TokenExchange.Proved, context);
                requests.Count(context, clientId);
            }
            return ValueTask.CompletedTask;
        }
    }

    private static bool HasAuthenticated(ProcessAuthenticationContext context) =>
        context.ClientAssertionPrincipal is not null || !string.IsNullOrEmpty(context.Request.ClientSecret);
}
