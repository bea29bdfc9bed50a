using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;

namespace Auth.Server.Limits;

/// <summary>
/// Counts who fails to prove which client it is, by client id and network and by network. Only failures are counted and
/// only failures are refused: the right secret, 256 random bits that nobody guesses, is taken however many wrong ones
/// came before it and wherever from. So nobody can lock a customer out, though all of Okta's customers share its
/// addresses.
/// </summary>
internal sealed class FailedProofs : IDisposable
{
    // Strangers make up ids and addresses: what shares a place shares its count, and memory stays bounded. Hash codes
    // of strings differ from process to process, so nobody can choose whose place to share.
    private const int Places = 16_384;

    // As few failures as this are everybody's mistakes; a flood passes them at once.
    private const int Few = 20;

    private readonly PartitionedRateLimiter<Failure> failures;
    private readonly PartitionedRateLimiter<Failure> networks;
    private readonly PartitionedRateLimiter<Failure> warnings;
    private readonly ILogger<FailedProofs> log;

    public FailedProofs(AuthOptions options, ILogger<FailedProofs> log)
    {
        this.log = log;
        var limits = options.Limits;
        networks = Buckets(failure => PlaceOf(failure.Network), Few, 10, limits);
        failures = PartitionedRateLimiter.CreateChained(
            Buckets(failure => PlaceOf($"{failure.Network} {failure.ClientId}"), limits.FailuresPerClient, 1, limits),
            Buckets(failure => PlaceOf(failure.Network), limits.FailuresPerNetwork, 10, limits));
        warnings = PartitionedRateLimiter.Create<Failure, int>(failure => RateLimitPartition.GetFixedWindowLimiter(
            PlaceOf(failure.Network),
            _ => new() { PermitLimit = 1, Window = TimeSpan.FromMinutes(1) }));
    }

    /// <summary>Counts a failure; how long to wait if there were too many, else null.</summary>
    /// <param name="clientId">The client id that was sent, whatever it is.</param>
    /// <param name="isKnown">Whether a client has it; otherwise it may be a secret in the wrong field, and is not
    /// logged.</param>
    /// <param name="address">Where the request came from.</param>
    public TimeSpan? Count(string? clientId, bool isKnown, IPAddress? address)
    {
        var failure = new Failure(clientId, isKnown, Network.Of(address));
        using var few = networks.AttemptAcquire(failure);
        using var lease = failures.AttemptAcquire(failure);
        if (lease.IsAcquired)
            return null;
        Warn(failure);
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1);
    }

    /// <summary>Whether a network has failed so often of late that its requests take turns.</summary>
    public bool AreMany(IPAddress? address) =>
        networks.GetStatistics(new(null, false, Network.Of(address)))?.CurrentAvailablePermits == 0;

    /// <summary>A wait in the words of <c>Retry-After</c>: whole seconds, one at the least.</summary>
    public static string InSeconds(TimeSpan wait) =>
        Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    public void Dispose()
    {
        failures.Dispose();
        networks.Dispose();
        warnings.Dispose();
    }

    private static PartitionedRateLimiter<Failure> Buckets(
        Func<Failure, int> place, int free, int forgotten, LimitOptions limits) =>
        PartitionedRateLimiter.Create<Failure, int>(failure => RateLimitPartition.GetTokenBucketLimiter(
            place(failure),
            _ => new()
            {
                TokenLimit = free,
                TokensPerPeriod = Math.Min(forgotten, free),
                ReplenishmentPeriod = limits.ForgetEvery,
            }));

    private static int PlaceOf(string text) => (int)((uint)text.GetHashCode(StringComparison.Ordinal) % Places);

    private void Warn(Failure failure)
    {
        using var lease = warnings.AttemptAcquire(failure);
        if (!lease.IsAcquired)
            return;
        log.LogWarning(
            "Repeated failed client authentication from {Network}, last for {ClientId}",
            failure.Network, failure.IsKnown ? failure.ClientId : "a client that does not exist");
    }

    private readonly record struct Failure(string? ClientId, bool IsKnown, string Network);
}
