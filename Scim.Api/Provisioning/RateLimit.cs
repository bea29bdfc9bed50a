using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authorization;
using Scim.Api.Admission;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Provisioning;

/// <summary>
/// How many requests an account may send: a token bucket per account, which fills at the account's rate and holds a
/// burst. Buckets are per process; one that is full and unused is dropped. An account whose rate changes gets a new
/// bucket. The portal's own requests are not counted.
/// </summary>
internal sealed class RateLimit : IDisposable
{
    /// <summary>The smallest size of a bucket: this many requests may arrive at the same time.</summary>
    public const int Burst = 1000;

    private readonly PartitionedRateLimiter<AccountPolicy> buckets =
        PartitionedRateLimiter.Create<AccountPolicy, (Guid Id, int Rate)>(account =>
            RateLimitPartition.GetTokenBucketLimiter((account.Id, Rate: account.RateLimit!.Value), key => new()
            {
                TokenLimit = Math.Max(Burst, key.Rate),
                TokensPerPeriod = 1,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1) / key.Rate,
            }));

    /// <summary>How many requests without a token one network may send at the same time.</summary>
    public const int AnonymousBurst = 100;

    /// <summary>Per second, in the long run.</summary>
    private const int AnonymousRate = 20;

    private readonly PartitionedRateLimiter<IPAddress> networks = PartitionedRateLimiter.Create<IPAddress, IPAddress>(
        network => RateLimitPartition.GetTokenBucketLimiter(network, _ => new()
        {
            TokenLimit = AnonymousBurst,
            TokensPerPeriod = AnonymousRate,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        }));

    /// <summary>Counts a request without a token against the bucket of its network.</summary>
    public void TakeAnonymous(IPAddress? address)
    {
        using var lease = networks.AttemptAcquire(NetworkOf(address ?? IPAddress.None));
        if (!lease.IsAcquired)
            throw new ScimException(ScimError.TooManyRequests(
                "This network sends too many requests without a token. Send them again later, or send a token.",
                retryAfter: 1));
    }

    /// <summary>
    /// Counts requests, at most <see cref="Burst"/>, against the account's bucket. If it holds fewer, none are counted
    /// and the response is 429.
    /// </summary>
    public void Take(Caller caller, int requests)
    {
        if (caller is not { CredentialSet: not null, Account: { RateLimit: { } rate } account })
            return;
        using var lease = buckets.AttemptAcquire(account, requests);
        if (lease.IsAcquired)
            return;
        var wait = lease.TryGetMetadata(MetadataName.RetryAfter, out var time) ? Math.Ceiling(time.TotalSeconds) : 1;
        throw new ScimException(ScimError.TooManyRequests(
            $"This account sends more than {rate} requests per second. Send them again later, more slowly.",
            retryAfter: Math.Max(1, (int)wait)));
    }

    public void Dispose()
    {
        buckets.Dispose();
        networks.Dispose();
    }

    // An IPv6 customer has a whole /64 network.
    private static IPAddress NetworkOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}

/// <summary>
/// Applies the limits after token and fence are checked, and before the account's policy: callers that are not allowed
/// to do anything are limited, too.
/// </summary>
internal static class RateLimiting
{
    public static void UseRateLimit(this IApplicationBuilder app) => app.Use((context, next) =>
    {
        if (context.Features.Get<Caller>() is { } caller)
        {
            context.RequestServices.GetRequiredService<RateLimit>().Take(caller, requests: 1);
            var slots = context.RequestServices.GetRequiredService<LargeMessages>();
            context.Features.Set(new LargeMessage(slots, context, caller.AccountId));
        }
        else if (context.GetEndpoint()?.Metadata.GetMetadata<IAuthorizeData>()?.Policy
            == TokenValidation.ScimOrAnonymous)
        {
            context.RequestServices.GetRequiredService<RateLimit>().TakeAnonymous(context.Connection.RemoteIpAddress);
        }
        return next(context);
    });
}
