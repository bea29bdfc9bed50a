using System.Globalization;
using System.Net;
using System.Threading.RateLimiting;

namespace Auth.Server.Limits;

/// <summary>
/// Limits failed client authentications, both per client id and network and per network. Only failures are
/// counted, and only failures are refused: the right secret, 256 random bits that nobody can guess, is always
/// accepted, however many wrong ones came before it. So nobody can lock a customer out, even though all of Okta's
/// customers share its addresses.
/// </summary>
internal sealed class FailedAuthentications : IDisposable
{
    // Attackers can make up ids and addresses, so counters are kept in a fixed number of hash buckets, which bounds
    // memory. String hash codes differ between processes, so nobody can choose whose bucket to share.
    private const int HashBuckets = 16_384;

    // This few failures are ordinary mistakes; a flood exceeds them immediately.
    private const int Few = 20;

    private readonly PartitionedRateLimiter<Failure> failures;
    private readonly PartitionedRateLimiter<Failure> networks;
    private readonly PartitionedRateLimiter<Failure> warnings;
    private readonly ILogger<FailedAuthentications> log;

    public FailedAuthentications(AuthOptions options, ILogger<FailedAuthentications> log)
    {
        this.log = log;
        var limits = options.Limits;
        networks = Buckets(failure => HashOf(failure.Network), Few, 10, limits);
        failures = PartitionedRateLimiter.CreateChained(
            Buckets(failure => HashOf($"{failure.Network} {failure.ClientId}"), limits.FailuresPerClient, 1, limits),
            Buckets(failure => HashOf(failure.Network), limits.FailuresPerNetwork, 10, limits));
        warnings = PartitionedRateLimiter.Create<Failure, int>(failure => RateLimitPartition.GetFixedWindowLimiter(
            HashOf(failure.Network),
            _ => new() { PermitLimit = 1, Window = TimeSpan.FromMinutes(1) }));
    }

    /// <summary>Counts a failure. Returns how long to wait if there were too many, otherwise null.</summary>
    /// <param name="clientId">The client id in the request.</param>
    /// <param name="isKnown">
    /// Whether a client with this id exists; if not, it may be a secret in the wrong field and is not logged.
    /// </param>
    /// <param name="address">The address that the request came from.</param>
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

    /// <summary>Whether a network has failed so often recently that its requests must queue.</summary>
    public bool HasManyFailures(IPAddress? address) =>
        networks.GetStatistics(new(null, false, Network.Of(address)))?.CurrentAvailablePermits == 0;

    /// <summary>A wait as a value of <c>Retry-After</c>: whole seconds, at least 1.</summary>
    public static string InSeconds(TimeSpan wait) =>
        Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    public void Dispose()
    {
        failures.Dispose();
        networks.Dispose();
        warnings.Dispose();
    }

    private static PartitionedRateLimiter<Failure> Buckets(
        Func<Failure, int> partition, int free, int forgotten, LimitOptions limits) =>
        PartitionedRateLimiter.Create<Failure, int>(failure => RateLimitPartition.GetTokenBucketLimiter(
            partition(failure),
            _ => new()
            {
                TokenLimit = free,
                TokensPerPeriod = Math.Min(forgotten, free),
                ReplenishmentPeriod = limits.ForgetEvery,
            }));

    private static int HashOf(string text) => (int)((uint)text.GetHashCode(StringComparison.Ordinal) % HashBuckets);

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
