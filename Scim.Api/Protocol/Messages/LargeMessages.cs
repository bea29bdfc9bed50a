using System.Threading.RateLimiting;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// Limits the memory that large messages take. A request whose body or response is larger than <see cref="FreeBytes"/>
/// needs a slot of its account and a slot of this node. It waits up to <see cref="SlotTimeout"/> and is then refused:
/// with 429 if the account has too many large messages in progress, with 503 if the node has.
/// <para>
/// A request that waits for the node already holds a slot of its account, so an account never has more than
/// <see cref="PerAccount"/> requests in that queue, which is first in, first out.
/// </para>
/// </summary>
internal sealed class LargeMessages(TimeProvider time) : IDisposable
{
    /// <summary>The size of a message that needs no slot: that of the largest user.</summary>
    public const int FreeBytes = 64 * 1024;

    public const int PerAccount = 4;
    public const int PerNode = 32;

    // A waiting request holds at most FreeBytes.
    private const int WaitingPerAccount = 100;
    private const int RetryAfter = 2;

    /// <summary>How long a request waits for a slot.</summary>
    public static readonly TimeSpan SlotTimeout = TimeSpan.FromSeconds(10);

    private readonly PartitionedRateLimiter<Guid> accounts = PartitionedRateLimiter.Create<Guid, Guid>(
        account => RateLimitPartition.GetConcurrencyLimiter(
            account, _ => new() { PermitLimit = PerAccount, QueueLimit = WaitingPerAccount }));

    private readonly ConcurrencyLimiter node = new(new() { PermitLimit = PerNode, QueueLimit = int.MaxValue });

    /// <summary>Takes a slot of the account and of the node; disposing the result releases them.</summary>
    public async Task<IDisposable> Enter(Guid accountId, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(SlotTimeout, time);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        var ofAccount = await Acquire(accounts.AcquireAsync(accountId, 1, waiting.Token), cancellation)
            ?? throw new ScimException(ScimError.TooManyRequests(
                "This account sends and reads too many large messages at the same time. Send requests for long lists "
                + "and with large bodies one after the other, or request fewer users at a time (count).",
                RetryAfter));
        var ofNode = await Acquire(node.AcquireAsync(1, waiting.Token), cancellation);
        if (ofNode is not null)
            return new Slot(ofAccount, ofNode);
        ofAccount.Dispose();
        throw new ScimException(ScimError.Unavailable(
            "SciLeads is answering too many large requests at the moment. Try again.", RetryAfter));
    }

    public void Dispose()
    {
        accounts.Dispose();
        node.Dispose();
    }

    private static async Task<RateLimitLease?> Acquire(ValueTask<RateLimitLease> turn, CancellationToken cancellation)
    {
        try
        {
            var lease = await turn;
            if (lease.IsAcquired)
                return lease;
            lease.Dispose();
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
        }
        return null;
    }

    private sealed class Slot(RateLimitLease ofAccount, RateLimitLease ofNode) : IDisposable
    {
        public void Dispose()
        {
            ofNode.Dispose();
            ofAccount.Dispose();
        }
    }
}

/// <summary>
/// A request's slot of <see cref="LargeMessages"/>: taken when it is first needed, and held until the response has been
/// sent. It is a feature of the request and a parameter of endpoints.
/// </summary>
internal sealed class LargeMessage(LargeMessages slots, HttpContext http, Guid accountId)
{
    /// <summary>Whether the request holds a slot.</summary>
    public bool HasSlot { get; private set; }

    /// <summary>Takes a slot, unless the request already holds one.</summary>
    public async Task TakeSlot(CancellationToken cancellation)
    {
        if (HasSlot)
            return;
        http.Response.RegisterForDispose(await slots.Enter(accountId, cancellation));
        HasSlot = true;
    }

    /// <summary>Binds an endpoint's parameter. Every admitted request has one.</summary>
    public static ValueTask<LargeMessage> BindAsync(HttpContext http) => new(http.Features.Get<LargeMessage>()!);
}
