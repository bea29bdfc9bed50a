using Microsoft.Extensions.Options;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// Introspects until there is an answer that may be used: asks again if an event came while the answer was on its way,
/// and if the token is about to be active. Requests with the same token share an answer, but under a live lease only:
/// without one, an answer that was asked for before a request came may be older than an ending.
/// </summary>
internal sealed class Inquiry(
    Introspection introspection,
    Freshness freshness,
    Lease lease,
    IOptions<IntrospectionOptions> options,
    TimeProvider time)
{
    private const int MostQuestions = 4;
    private static readonly TimeSpan PendingFor = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PendingPause = TimeSpan.FromMilliseconds(20);

    private readonly Dictionary<TokenHash, Task<Answered>> flights = [];

    public async Task<Answered> Ask(BearerToken token, TokenOrigin? origin, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var outdated = 0;
        while (!lease.IsGivenUp)
        {
            var answered = await AskOnce(token, cancellation);
            if (!freshness.IsCurrent(answered.Answer.Account?.Id ?? origin?.AccountId, answered.Asked))
            {
                if (++outdated == MostQuestions)
                    break;
            }
            else if (answered.Answer is not { Active: false, Pending: true })
            {
                return answered;
            }
            else if (time.GetElapsedTime(began) + PendingPause > PendingFor)
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

    private Task<Answered> AskOnce(BearerToken token, CancellationToken cancellation)
    {
        var asked = freshness.Ask();
        if (!asked.UnderLease || options.Value.CacheFor == TimeSpan.Zero || TokenHash.Of(token.Value) is not { } hash)
            return Send(token, asked, cancellation);
        lock (flights)
        {
            if (!flights.TryGetValue(hash, out var flight))
                // It belongs to nobody, so no caller's leaving ends it.
                flights[hash] = flight = Task.Run(() => Fly(hash, token, asked), CancellationToken.None);
            return flight.WaitAsync(cancellation);
        }
    }

    private async Task<Answered> Fly(TokenHash hash, BearerToken token, Asked asked)
    {
        try
        {
            return await Send(token, asked, CancellationToken.None);
        }
        finally
        {
            lock (flights)
                flights.Remove(hash);
        }
    }

    private async Task<Answered> Send(BearerToken token, Asked asked, CancellationToken cancellation) =>
        new(await introspection.Ask(token, cancellation), asked);

    /// <summary>An answer, and when it was asked for.</summary>
    public sealed record Answered(TokenIntrospection Answer, Asked Asked);
}
