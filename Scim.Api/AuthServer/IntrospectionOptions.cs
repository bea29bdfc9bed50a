using System.ComponentModel.DataAnnotations;

namespace Scim.Api.AuthServer;

/// <summary>
/// Timeouts and retries of calls to Auth.Server, and how long its answers are cached. All can be set, so that tests do
/// not have to wait.
/// </summary>
internal sealed class IntrospectionOptions : IValidatableObject
{
    public const string Section = "Introspection";

    /// <summary>The time for one attempt, including reading the response.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The time for all attempts together, including the wait for a free slot.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Attempts after the first. Only transport faults and 5xx are retried.</summary>
    [Range(0, 5)]
    public int Retries { get; init; } = 2;

    /// <summary>The median delay before the first retry; later ones grow exponentially, with jitter.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:05")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>The circuit opens when half of at least this many calls within ten seconds have failed.</summary>
    [Range(2, 10000)]
    public int BreakerThroughput { get; init; } = 20;

    /// <summary>How long an open circuit refuses all calls before it lets one try.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:01:00")]
    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Concurrent calls. Four times as many more may wait.</summary>
    [Range(1, 10000)]
    public int Concurrency { get; init; } = 100;

    /// <summary>How long after a fetch of the signing keys an unknown key id does not cause another fetch.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan KeyFetchInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The age at which known signing keys are fetched again.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan KeyRefreshInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// How long the answer that a token is active may be cached under a lease. With zero, every request is
    /// introspected; with more than the limit, Auth.Server would show a last use that is more than a minute old.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:50")]
    public TimeSpan CacheFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The number of answers that are cached.</summary>
    [Range(1, 1_000_000)]
    public int CacheSize { get; init; } = 10_000;

    /// <summary>The time for one poll for events, of which Auth.Server holds it for half a second.</summary>
    [Range(typeof(TimeSpan), "00:00:00.600", "00:01:00")]
    public TimeSpan PollTimeout { get; init; } = TimeSpan.FromSeconds(3);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (AttemptTimeout > TotalTimeout)
            yield return new("Introspection__AttemptTimeout must not be longer than Introspection__TotalTimeout.");
    }
}
