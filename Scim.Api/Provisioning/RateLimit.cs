using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authorization;
using Scim.Api.Admission;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Provisioning;

/// <summary>
/// How many requests an account may send: a bucket for each, which fills at the account's rate and holds a burst. The
/// buckets are this process's own; one that is full and unused is forgotten. An account whose rate changes begins
/// with a new bucket. The portal's own requests cost nothing.
/// </summary>
internal sealed class RateLimit : IDisposable
{
    /// <summary>What a bucket holds, at the least: as many requests may come at once.</summary>
    public const int Burst = 1000;

    private readonly PartitionedRateLimiter<AccountPolicy> buckets =
        PartitionedRateLimiter.Create<AccountPolicy, (Guid Id, int Rate)>(account =>
            RateLimitPartition.GetTokenBucketLimiter((account.Id, Rate: account.RateLimit!.Value), key => new()
            {
                TokenLimit = Math.Max(Burst, key.Rate),
                TokensPerPeriod = 1,
                ReplenishmentPeriod = TimeSpan.FromSeconds(1) / key.Rate,
            }));

    /// <summary>What an anonymous caller's network may ask at once, and a second in the long run.</summary>
    public const int AnonymousBurst = 100;

    private const int AnonymousRate = 20;

    private readonly PartitionedRateLimiter<IPAddress> networks = PartitionedRateLimiter.Create<IPAddress, IPAddress>(
        network => RateLimitPartition.GetTokenBucketLimiter(network, _ => new()
        {
            TokenLimit = AnonymousBurst,
            TokensPerPeriod = AnonymousRate,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        }));

    /// <summary>Takes a request of somebody who shows no token from the bucket of its network.</summary>
    public void TakeAnonymous(IPAddress? address)
    {
        using var lease = networks.AttemptAcquire(NetworkOf(address ?? IPAddress.None));
        if (!lease.IsAcquired)
            throw new ScimException(ScimError.TooManyRequests(
                "Too many requests without a token come from this network. Send them again later, or send a token.",
                retryAfter: 1));
    }

    /// <summary>
    /// Takes so many requests from the account's bucket, <see cref="Burst"/> at the most; if it holds fewer, none is
    /// taken and the answer is 429.
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
            $"This account sends more than {rate} requests a second. Send them again later, more slowly.",
            retryAfter: Math.Max(1, (int)wait)));
    }

    public void Dispose()
    {
        buckets.Dispose();
        networks.Dispose();
    }

    // Of IPv6, a customer has 64 bits for itself.
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
/// Puts the limits behind the checks of token and fence, and before the account's policy: whoever may do nothing is
/// held to them, too.
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
