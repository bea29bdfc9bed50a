using Microsoft.Extensions.Options;
using Scim.Api.AuthServer;
using Scim.Api.Protocol.Messages;
using Scim.Api.Revocation;
using Shared.Contracts;

namespace Scim.Api.Admission;

/// <summary>
/// Introspects a token until the response may be used: again if an event was applied while the response was in flight,
/// and again while the set's activation is pending. Concurrent requests with the same token share a response, but only
/// under a live lease: without one, a response to an earlier request may be older than a revocation.
/// </summary>
internal sealed class TokenAdmissionQuery(
    Introspection introspection,
    EventClock clock,
    Lease lease,
    IOptions<IntrospectionOptions> options,
    TimeProvider time)
{
    private const int MaxOutdatedResponses = 4;
    private static readonly TimeSpan PendingTimeout = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PendingPause = TimeSpan.FromMilliseconds(20);

    private readonly Dictionary<TokenHash, Task<Result>> inFlight = [];

    /// <summary>The response, and what the node knew when it sent the request.</summary>
    /// <exception cref="ScimException">503: no usable response arrived in time.</exception>
    public async Task<Result> Run(BearerToken token, TokenOrigin? origin, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var outdated = 0;
        while (!lease.IsGivenUp)
        {
            var result = await RunOnce(token, cancellation);
            if (!clock.IsCurrent(result.Answer.Account?.Id ?? origin?.AccountId, result.RequestedAt))
            {
                if (++outdated == MaxOutdatedResponses)
                    break;
            }
            else if (result.Answer is not { Active: false, Pending: true })
            {
                return result;
            }
            else if (time.GetElapsedTime(began) + PendingPause > PendingTimeout)
            {
                throw new ScimException(TokenErrors.Pending());
            }
            else
            {
                await Task.Delay(PendingPause, time, cancellation);
            }
        }
        throw Introspection.Unknown();
    }

    private Task<Result> RunOnce(BearerToken token, CancellationToken cancellation)
    {
        var reading = clock.Read();
        if (!reading.UnderLease || options.Value.CacheFor == TimeSpan.Zero || TokenHash.Of(token.Value) is not { } hash)
            return Send(token, reading, cancellation);
        lock (inFlight)
        {
            if (!inFlight.TryGetValue(hash, out var shared))
                // Not tied to any caller's cancellation.
                inFlight[hash] = shared = Task.Run(() => SendShared(hash, token, reading), CancellationToken.None);
            return shared.WaitAsync(cancellation);
        }
    }

    private async Task<Result> SendShared(TokenHash hash, BearerToken token, EventClockReading reading)
    {
        try
        {
            return await Send(token, reading, CancellationToken.None);
        }
        finally
        {
            lock (inFlight)
                inFlight.Remove(hash);
        }
    }

    private async Task<Result> Send(BearerToken token, EventClockReading reading, CancellationToken cancellation)
    {
        var answer = await introspection.Introspect(
            token.Value, token.ClientAddress, token.UserAgent, cancellation);
        return new(answer, reading);
    }

    /// <summary>A response, and the reading that was taken before its request was sent.</summary>
    public sealed record Result(TokenIntrospection Answer, EventClockReading RequestedAt);
}
