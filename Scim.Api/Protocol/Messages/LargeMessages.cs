using System.Threading.RateLimiting;

namespace Scim.Api.Protocol.Messages;

/// <summary>
/// Bounds the memory that large messages take. A request whose body or answer is larger than <see cref="FreeBytes"/>
/// needs one of the slots that its account and this node have; it waits for one for a while, and is then refused: with
/// 429 if the account has too many large messages under way, with 503 if the node has.
/// <para>
/// Whoever waits for a slot of the node holds one of its account, so no account has more than its few places in that
/// queue, which is served in order of arrival.
/// </para>
/// </summary>
internal sealed class LargeMessages(TimeProvider time) : IDisposable
{
    /// <summary>What a message may take without a slot: as much as a user.</summary>
    public const int FreeBytes = 64 * 1024;

    public const int PerAccount = 4;
    public const int PerNode = 32;

    // Whoever waits holds no more than FreeBytes.
    private const int WaitingPerAccount = 100;
    private const int RetryAfter = 2;

    /// <summary>How long a request waits for a slot.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly PartitionedRateLimiter<Guid> accounts = PartitionedRateLimiter.Create<Guid, Guid>(
        account => RateLimitPartition.GetConcurrencyLimiter(
            account, _ => new() { PermitLimit = PerAccount, QueueLimit = WaitingPerAccount }));

    private readonly ConcurrencyLimiter node = new(new() { PermitLimit = PerNode, QueueLimit = int.MaxValue });

    /// <summary>Takes a slot of the account and of the node, until it is disposed.</summary>
    public async Task<IDisposable> Enter(Guid accountId, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(Patience, time);
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        var ofAccount = await Acquire(accounts.AcquireAsync(accountId, 1, waiting.Token), cancellation)
            ?? throw new ScimException(ScimError.TooManyRequests(
                "This account sends and reads too many large messages at the same time. Send requests for long lists "
                + "and large bodies one after the other, or ask for fewer users at a time (count).",
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
/// A request's right to a slot of <see cref="LargeMessages"/>: taken once, when it is first needed, and kept until the
/// request has been answered. A feature of the request; it is also an endpoint's parameter.
/// </summary>
internal sealed class LargeMessage(LargeMessages slots, HttpContext http, Guid accountId)
{
    /// <summary>Whether the request holds a slot.</summary>
    public bool HasSlot { get; private set; }

    /// <summary>Takes a slot, unless the request holds one already.</summary>
    public async Task TakeSlot(CancellationToken cancellation)
    {
        if (HasSlot)
            return;
        http.Response.RegisterForDispose(await slots.Enter(accountId, cancellation));
        HasSlot = true;
    }

    /// <summary>Binds an endpoint's parameter; the request was let in, so it has one.</summary>
    public static ValueTask<LargeMessage> BindAsync(HttpContext http) => new(http.Features.Get<LargeMessage>()!);
}
