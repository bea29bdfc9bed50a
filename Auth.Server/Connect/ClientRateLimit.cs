using System.Threading.RateLimiting;
using OpenIddict.Server;
using static OpenIddict.Abstractions.OpenIddictConstants;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Connect;

/// <summary>
/// Limits the token, pushed authorization and revocation requests of a client, because each writes rows. They are
/// counted on each node after the client has authenticated, so that nobody can use up another client's limit.
/// Introspection is not limited.
/// </summary>
internal sealed class ClientRateLimit(AuthOptions options) : IDisposable
{
    /// <summary>The transaction property with the time that the client has to wait.</summary>
    public const string Wait = "Auth.Server.Connect.ClientRateLimit.Wait";

    private const string Description =
        "The client makes too many requests. It can use each access token until it expires.";

    // Only clients that have authenticated get an entry, so attackers cannot make memory grow.
    private readonly PartitionedRateLimiter<string> limiter = PartitionedRateLimiter.Create<string, string>(
        clientId =>
            RateLimitPartition.GetTokenBucketLimiter(clientId, _ => InAMinute(options.Limits.RequestsPerClient)));

    public void Dispose() => limiter.Dispose();

    private static TokenBucketRateLimiterOptions InAMinute(int requests)
    {
        // Replenished about once a second, or less often if the limit is below one request per second.
        var perPeriod = Math.Max(1, requests / 60);
        return new()
        {
            TokenLimit = requests,
            TokensPerPeriod = perPeriod,
            ReplenishmentPeriod = TimeSpan.FromMinutes((double)perPeriod / requests),
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

    /// <summary>
    /// Counts a request of a client that has authenticated, before its assertion is recorded as used.
    /// </summary>
    internal sealed class CountAuthenticated(ClientRateLimit requests)
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

    /// <summary>Counts a token exchange in which a valid direct JWT takes the place of client authentication.</summary>
    internal sealed class CountPublic(ClientRateLimit requests) : IOpenIddictServerHandler<ValidateTokenRequestContext>
    {
        public ValueTask HandleAsync(ValidateTokenRequestContext context)
        {
            if (TokenExchange.LacksClientAuthentication(context.Request)
                && context.Request.ClientId is { Length: > 0 } clientId)
            {
                context.Transaction.SetProperty(TokenExchange.SubjectTokenAccepted, context);
                requests.Count(context, clientId);
            }
            return ValueTask.CompletedTask;
        }
    }

    private static bool HasAuthenticated(ProcessAuthenticationContext context) =>
        context.ClientAssertionPrincipal is not null || !string.IsNullOrEmpty(context.Request.ClientSecret);
}
