using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using Scim.Api.Revocation;
using Shared.Contracts;

namespace Scim.Api.AuthServer;

/// <summary>
/// Receives security events and keeps the <see cref="Lease"/>: polls Auth.Server (RFC 8936 §2.4), applies new events in
/// the order of their numbers, renews the lease, and acknowledges with the next poll, which follows immediately. An
/// event that cannot be applied is not acknowledged, does not renew the lease, and is sent again. While there is no
/// lease, every request is introspected.
/// </summary>
internal sealed class EventStream(
    ClientCredentials credentials,
    SigningKeys keys,
    SecurityEventReader reader,
    SecurityEventHandler handler,
    Lease lease,
    WritesInProgress writes,
    Node node,
    IHostApplicationLifetime host,
    IOptions<AuthServerOptions> server,
    IOptions<IntrospectionOptions> options,
    TimeProvider time,
    ILogger<EventStream> log) : BackgroundService
{
    private const int MaxPageSize = 4 * 1024 * 1024;

    /// <summary>Distinct faults that are remembered, so that each is logged once.</summary>
    private const int MaxFaults = 100;

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a stopping process waits for its writes to end, and then for Auth.Server to be told that it leaves.
    /// </summary>
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(1);

    /// <summary>An access token is renewed this long before it expires.</summary>
    private static readonly TimeSpan RenewalMargin = TimeSpan.FromSeconds(30);

    // Separate connections, so that neither slow introspection nor its circuit breaker costs the lease.
    private readonly AuthServerConnection connection = new(MaxPageSize);
    private readonly List<string> applied = [];
    private readonly HashSet<string> faults = new(StringComparer.Ordinal);
    private (AuthenticationHeaderValue Header, DateTimeOffset RenewAt)? authorization;
    private bool? hadLease;

    /// <summary>
    /// Leaves the cluster. The web server has stopped, so no new request arrives. Requests that are still running are
    /// no longer admitted, and their writes no longer committed, so no barrier needs to wait for this node.
    /// </summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        lease.GiveUp();
        try
        {
            await writes.WaitForEnd(account: null, cancellationToken).WaitAsync(LeaveTimeout, time, cancellationToken);
            var leave = new EventPoll
            {
                Node = node.Id, NodeName = node.Name, Acknowledged = applied, ReturnImmediately = true, Leaves = true,
            };
            await Send(leave, LeaveTimeout, cancellationToken);
        }
        // The lease then expires by itself.
        catch (Exception failed) when (failed is AuthServerFault or TimeoutException or OperationCanceledException)
        {
            log.LogInformation("Auth.Server could not be told that this node stops: {Reason}", failed.Message);
        }
    }

    public override void Dispose()
    {
        connection.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await WaitForServerStart(stoppingToken);
        var pause = FirstPause;
        while (true)
        {
            try
            {
                if (await Poll(stoppingToken))
                {
                    pause = FirstPause;
                    continue;
                }
            }
            // After any fault, the node continues without a lease and tries again.
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                LogFault(fault);
                LogLease(fault.Message);
            }
            await Task.Delay(WithJitter(pause), time, stoppingToken);
            pause = pause < LongestPause ? 2 * pause : LongestPause;
        }
    }

    /// <summary>Polls once and applies the events; false if there was neither an event nor a lease.</summary>
    private async Task<bool> Poll(CancellationToken cancellation)
    {
        var sent = time.GetTimestamp();
        var poll = new EventPoll
        {
            Node = node.Id,
            NodeName = node.Name,
            Acknowledged = applied,
            ReturnImmediately = applied.Count > 0 || !lease.IsLive,
        };
        var page = await Send(poll, options.Value.PollTimeout, cancellation);
        applied.Clear();
        if (page.Reset)
            await handler.ApplyMissedEvents(cancellation);
        foreach (var (jti, set) in page.Sets.OrderBy(set => NumberOf(set.Key)))
        {
            var (type, securityEvent) = await reader.Read(jti, set, cancellation);
            if (type == SecurityEvents.KeyWithdrawn)
                await keys.Refetch(cancellation);
            await handler.Apply(securityEvent, cancellation);
            applied.Add(jti);
        }
        if (!page.MoreAvailable)
            lease.Renew(sent, TimeSpan.FromMilliseconds(page.LeaseMilliseconds));
        if (lease.IsLive)
            faults.Clear();
        LogLease("Auth.Server did not grant one.");
        return page.Sets.Count > 0 || lease.IsLive;
    }

    private async Task<EventPage> Send(EventPoll poll, TimeSpan timeout, CancellationToken cancellation)
    {
        using var timer = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellation);
        try
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post, new Uri(server.Value.BaseAddress, AuthServerPaths.EventsPoll));
            request.Headers.Authorization = await Authorize(either.Token);
            request.Content = JsonContent.Create(poll);
            return await connection.Send<EventPage>(request, either.Token);
        }
        catch (AuthServerFault fault) when (fault.Status is HttpStatusCode.Unauthorized)
        {
            authorization = null;
            throw;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw AuthServerFault.OfTimeout();
        }
    }

    private async Task<AuthenticationHeaderValue> Authorize(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (authorization is not { } usable || now >= usable.RenewAt)
        {
            var token = await credentials.GetToken(Scopes.PollEvents, cancellation);
            var lifetime = TimeSpan.FromSeconds(token.ExpiresIn ?? 0);
            authorization = usable = (new("Bearer", token.Value), now + lifetime - RenewalMargin);
        }
        return usable.Header;
    }

    private static long NumberOf(string jti) =>
        long.TryParse(jti, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw AuthServerFault.OfAnswer($"the jti \"{jti}\" of an event is not a number");

    /// <summary>
    /// Logs each distinct fault once, with its stack trace, until there is a lease again. Only logging the first one
    /// would hide a later, different fault.
    /// </summary>
    private void LogFault(Exception fault)
    {
        if (faults.Count >= MaxFaults)
            faults.Clear();
        if (faults.Add($"{fault.GetType()} {fault.Message} {fault.GetBaseException().Message}"))
            log.LogWarning(fault, "Events of Auth.Server could not be received or applied: {Reason}", fault.Message);
    }

    /// <summary>Logs when the node gets a lease, and when it loses it.</summary>
    private void LogLease(string reason)
    {
        var hasLease = lease.IsLive;
        if (hasLease == hadLease)
            return;
        hadLease = hasLease;
        if (hasLease)
            log.LogInformation("This node has a lease; introspection responses may be cached");
        else
            log.LogWarning("This node has no lease, so every request is introspected: {Reason}", reason);
    }

    /// <summary>Waits until the server listens. A process whose start fails never becomes a node.</summary>
    private async Task WaitForServerStart(CancellationToken cancellation)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var _ = host.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(cancellation);
    }

    // Spreads the nodes' polls when Auth.Server is available again. The random number is not a secret.
#pragma warning disable CA5394
    private static TimeSpan WithJitter(TimeSpan pause) => pause * (0.5 + Random.Shared.NextDouble());
#pragma warning restore CA5394
}
