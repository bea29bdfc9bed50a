using System.ComponentModel.DataAnnotations;

namespace Scim.Api.Tokens;

/// <summary>How patiently the authorization server is asked, and how long it is believed. All is settable so that tests need not wait.</summary>
internal sealed class IntrospectionOptions : IValidatableObject
{
    public const string Section = "Introspection";

    /// <summary>How long one attempt may take, answer read included.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long all attempts may take together, waiting for a place included.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Attempts after the first; only transport faults and 5xx are tried again.</summary>
    [Range(0, 5)]
    public int Retries { get; init; } = 2;

    /// <summary>The median pause before the first retry; the next ones grow, with jitter.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:05")]
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How many calls there must be, at least, for the circuit to open when half of them failed.</summary>
    [Range(2, 10000)]
    public int BreakerThroughput { get; init; } = 20;

    /// <summary>How long an open circuit refuses at once before it lets a call try.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:01:00")]
    public TimeSpan BreakDuration { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Calls at a time; as many again may wait four times over.</summary>
    [Range(1, 10000)]
    public int Concurrency { get; init; } = 100;

    /// <summary>For how long an answer with the signing keys rules out that an unknown key id is a new key.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan KeyFetchInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>After how long known signing keys are fetched again.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan KeyRefreshInterval { get; init; } = TimeSpan.FromHours(1);

    /// <summary>
    /// For how long, at the most, an answer is kept that says a token is active, under a lease. None makes every request
    /// ask; more would make Auth.Server tell of a last use that is more than a minute old.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:50")]
    public TimeSpan CacheFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Answers that are kept at once.</summary>
    [Range(1, 1_000_000)]
    public int CacheSize { get; init; } = 10_000;

    /// <summary>How long a poll for events may take, of which the server holds it half a second.</summary>
    [Range(typeof(TimeSpan), "00:00:00.600", "00:01:00")]
    public TimeSpan PollTimeout { get; init; } = TimeSpan.FromSeconds(3);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (AttemptTimeout > TotalTimeout)
            yield return new("Introspection__AttemptTimeout must not be longer than Introspection__TotalTimeout.");
    }
}
