using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.AuthServer;

/// <summary>
/// Introspects tokens at Auth.Server (RFC 7662). The result is a definite answer or a 503. Only <c>active: false</c>
/// leads to a 401, because identity providers stop provisioning when they get one.
/// </summary>
internal sealed class Introspection(
    AuthServerConnection authServer,
    ClientAssertion assertion,
    Node node,
    IOptions<AuthServerOptions> server,
    IOptions<IntrospectionOptions> options,
    TimeProvider time,
    ILogger<Introspection> log)
{
    private static readonly PredicateBuilder<object> Outages = new PredicateBuilder()
        .Handle<AuthServerFault>(fault => fault.IsOutage)
        .Handle<TimeoutRejectedException>();

    private readonly ResiliencePipeline pipeline = BuildPipeline(options.Value, time);

    /// <summary>Introspects the token, and reports who used it and from where.</summary>
    /// <exception cref="ScimException">503: the state of the token is unknown.</exception>
    public async Task<TokenIntrospection> Introspect(
        string token, string? clientAddress, string? userAgent, CancellationToken cancellation)
    {
        try
        {
            return await pipeline.ExecuteAsync(
                async attempt => await Send(token, clientAddress, userAgent, attempt), cancellation);
        }
        catch (AuthServerFault fault) when (!fault.IsOutage)
        {
            // Unlike an outage, it does not end by itself: an operator must look into it.
            log.LogError(fault, "A token could not be introspected");
            throw Unknown();
        }
        catch (Exception outage) when (outage is AuthServerFault or ExecutionRejectedException)
        {
            log.LogWarning("A token could not be introspected: {Reason}", outage.Message);
            throw Unknown();
        }
    }

    /// <summary>The refusal when the state of a token is unknown.</summary>
    public static ScimException Unknown() => new(ScimError.Unavailable(
        "SciLeads cannot check the token at the moment. The token is not at fault; try again.", retryAfter: 5));

    /// <summary>
    /// From the outside in: the timeout for all attempts, the concurrency limit, retries, the circuit breaker, the
    /// timeout for one attempt. Only outages are retried and counted by the circuit breaker.
    /// </summary>
    private static ResiliencePipeline BuildPipeline(IntrospectionOptions options, TimeProvider time)
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

    private async Task<TokenIntrospection> Send(
        string token, string? clientAddress, string? userAgent, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(server.Value.BaseAddress, AuthServerPaths.Introspection));
        request.Content = new FormUrlEncodedContent(
        [
            new("token", token),
            new("token_type_hint", "access_token"),
            new(TokenIntrospection.Parameters.Node, node.Id.ToString()),
            new(TokenIntrospection.Parameters.NodeName, node.Name),
            new(TokenIntrospection.Parameters.ClientAddress, clientAddress),
            new(TokenIntrospection.Parameters.ClientUserAgent, userAgent),
            .. assertion.Parameters(),
        ]);

        var answer = await authServer.Send<TokenIntrospection>(request, cancellation);
        return answer switch
        {
            { Active: true, Account: null } => throw AuthServerFault.OfAnswer("it names no account"),
            { Active: true, CredentialSet: null, Act: null } => throw AuthServerFault.OfAnswer("it names no actor"),
            _ => answer,
        };
    }
}
