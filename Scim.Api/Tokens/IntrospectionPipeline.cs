using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;

namespace Scim.Api.Tokens;

/// <summary>
/// How far an introspection goes before it gives up, from the outside in: all the time there is, a place among the
/// calls under way, another try, the circuit breaker, the time of one attempt. Only outages are retried and counted.
/// </summary>
internal static class IntrospectionPipeline
{
    private static readonly PredicateBuilder<object> Outages = new PredicateBuilder()
        .Handle<AuthServerFault>(fault => fault.IsOutage)
        .Handle<TimeoutRejectedException>();

    public static ResiliencePipeline Build(IntrospectionOptions options, TimeProvider time)
    {
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddTimeout(options.TotalTimeout)
            .AddConcurrencyLimiter(options.Concurrency, queueLimit: 4 * options.Concurrency);
        if (options.Retries > 0)
            pipeline.AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = Outages,
                MaxRetryAttempts = options.Retries,
                Delay = options.RetryDelay,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            });
        return pipeline
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                ShouldHandle = Outages,
                FailureRatio = 0.5,
                MinimumThroughput = options.BreakerThroughput,
                SamplingDuration = TimeSpan.FromSeconds(10),
                BreakDuration = options.BreakDuration,
            })
            .AddTimeout(options.AttemptTimeout)
            .Build();
    }
}
