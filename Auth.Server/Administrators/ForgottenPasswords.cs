using System.Threading.Channels;
using System.Threading.RateLimiting;

namespace Auth.Server.Administrators;

/// <summary>
/// Requests of people who have forgotten their password, from the sign-in page. They are carried out after the
/// response, one after another, so that neither the response nor its time reveals whether an administrator has the
/// address.
/// </summary>
internal sealed class ForgottenPasswords(IServiceScopeFactory scopes, ILogger<ForgottenPasswords> log) : IDisposable
{
    // Looking up an address takes a millisecond, so a full queue means a flood.
    private const int Places = 100;
    private const int RequestsOfNetwork = 5;

    private static readonly TimeSpan requestsPer = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan whenQueueIsFull = TimeSpan.FromSeconds(10);

    private readonly Channel<Request> requests = Channel.CreateBounded<Request>(Places);

    private readonly PartitionedRateLimiter<string> networks = PartitionedRateLimiter.Create<string, string>(
        network => RateLimitPartition.GetFixedWindowLimiter(
            network, _ => new() { PermitLimit = RequestsOfNetwork, Window = requestsPer }));

    /// <summary>Accepts a request.</summary>
    /// <returns>How long to wait if there were too many; null if it is accepted.</returns>
    public TimeSpan? Accept(string email, Visitor visitor)
    {
        using var lease = networks.AttemptAcquire(visitor.Network);
        if (!lease.IsAcquired)
            return lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : requestsPer;
        return requests.Writer.TryWrite(new(email, visitor)) ? null : whenQueueIsFull;
    }

    /// <summary>Waits until there is a request.</summary>
    public ValueTask<bool> Wait(CancellationToken cancellation) => requests.Reader.WaitToReadAsync(cancellation);

    /// <summary>Carries out the accepted requests. One that fails is lost; its sender will repeat it.</summary>
    public async Task CarryOut(CancellationToken cancellation)
    {
        while (requests.Reader.TryRead(out var request))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<Invitations>()
                    .SendPasswordResets(request.Email, request.Visitor, cancellation);
            }
            catch (Exception error) when (!cancellation.IsCancellationRequested)
            {
                log.LogError(error, "A link to set a new password could not be sent");
            }
        }
    }

    public void Dispose() => networks.Dispose();

    private sealed record Request(string Email, Visitor Visitor);
}

/// <summary>Carries out the requests of people who have forgotten their password, as soon as there are any.</summary>
internal sealed class ForgottenPasswordWatch(ForgottenPasswords requests) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await requests.Wait(stoppingToken))
            await requests.CarryOut(stoppingToken);
    }
}
