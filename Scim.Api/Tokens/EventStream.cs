using System.Globalization;
using Shared.Contracts;
using static System.Net.HttpStatusCode;

namespace Scim.Api.Tokens;

/// <summary>
/// Hears of events and keeps the <see cref="Lease"/>: polls, applies what is new in the order of the events' numbers, has
/// its lease renewed, and acknowledges with the next poll, at once. What cannot be applied is not acknowledged and renews
/// nothing; it comes again. While there is no lease, every request is introspected.
/// </summary>
internal sealed class EventStream(
    EventPolls polls,
    EventRecipient recipient,
    Lease lease,
    Floors floors,
    WritesUnderWay writes,
    IHostApplicationLifetime host,
    TimeProvider time,
    ILogger<EventStream> log) : BackgroundService
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>The pause when the server refuses to be polled, as an older one does.</summary>
    private static readonly TimeSpan Refused = TimeSpan.FromSeconds(10);

    /// <summary>How long the end of the process waits to be heard.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    /// <summary>As many different faults are told apart.</summary>
    private const int MostFaults = 100;

    private readonly List<string> applied = [];
    private readonly HashSet<string> faults = new(StringComparer.Ordinal);
    private bool? hadLease;

    /// <summary>
    /// The web server has stopped before: no request comes any more. What is left of them, if they took too long, is no
    /// longer let in, and writes are no longer committed; then nobody needs to wait for this node.
    /// </summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        lease.GiveUp();
        try
        {
            await writes.Finish(account: null, cancellationToken).WaitAsync(Farewell, time, cancellationToken);
            await polls.Leave(applied, Farewell, cancellationToken);
        }
        // Its lease runs out by itself.
        catch (Exception unheard) when (unheard is AuthServerFault or TimeoutException or OperationCanceledException)
        {
            log.LogInformation("Auth.Server has not heard that this node stops: {Reason}", unheard.Message);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Started(stoppingToken);
        var pause = FirstPause;
        while (true)
        {
            try
            {
                if (await Turn(stoppingToken))
                {
                    pause = FirstPause;
                    continue;
                }
            }
            // Whatever it is, the node goes on without a lease, and tries again.
            catch (Exception failed) when (!stoppingToken.IsCancellationRequested)
            {
                ReportFault(failed);
                Report(failed.Message);
                if (failed is AuthServerFault { Status: BadRequest or Forbidden or NotFound })
                    pause = Refused;
            }
            await Task.Delay(Jittered(pause), time, stoppingToken);
            pause = pause < LongestPause ? 2 * pause : LongestPause;
        }
    }

    /// <summary>One poll and what follows from it; false if it brought neither an event nor a lease.</summary>
    private async Task<bool> Turn(CancellationToken cancellation)
    {
        var sent = time.GetTimestamp();
        var page = await polls.Poll(applied, atOnce: applied.Count > 0 || !lease.IsLive, cancellation);
        applied.Clear();
        if (page.Reset)
        {
            floors.Raise(new SecurityEvent());
            await writes.Finish(account: null, cancellation);
        }
        foreach (var (jti, set) in page.Sets.OrderBy(set => NumberOf(set.Key)))
        {
            await recipient.Apply(jti, set, cancellation);
            applied.Add(jti);
        }
        if (!page.MoreAvailable)
            lease.Renew(sent, TimeSpan.FromMilliseconds(page.LeaseMilliseconds));
        if (lease.IsLive)
            faults.Clear();
        Report("Auth.Server grants none.");
        return page.Sets.Count > 0 || lease.IsLive;
    }

    private static long NumberOf(string jti) =>
        long.TryParse(jti, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw AuthServerFault.OfAnswer("the jti of an event is no number");

    /// <summary>
    /// Logs each fault once, with its cause, until there is a lease again without one: a later fault is often another.
    /// </summary>
    private void ReportFault(Exception fault)
    {
        if (faults.Count >= MostFaults)
            faults.Clear();
        if (faults.Add($"{fault.GetType()} {fault.Message} {fault.GetBaseException().Message}"))
            log.LogWarning(fault, "Events of Auth.Server could not be received or applied: {Reason}", fault.Message);
    }

    /// <summary>Says once that the lease is there, and once that it is not.</summary>
    private void Report(string reason)
    {
        var hasLease = lease.IsLive;
        if (hasLease == hadLease)
            return;
        hadLease = hasLease;
        if (hasLease)
            log.LogInformation("This node has a lease: what introspection says may be kept");
        else
            log.LogWarning("This node has no lease, so every request is introspected: {Reason}", reason);
    }

    /// <summary>Until the server listens; a process that does not come so far is no node.</summary>
    private async Task Started(CancellationToken cancellation)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var _ = host.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(cancellation);
    }

    // So that the nodes do not come all at once when the server is back. Chance is no secret here.
#pragma warning disable CA5394
    private static TimeSpan Jittered(TimeSpan pause) => pause * (0.5 + Random.Shared.NextDouble());
#pragma warning restore CA5394
}
