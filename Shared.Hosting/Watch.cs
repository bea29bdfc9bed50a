using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Shared.Hosting;

/// <summary>
/// Looks after something while the server runs: at fixed intervals, each time in a scope of its own. A failure is
/// logged, and the next interval tries again. Every node does so without waiting for the others, so what is done must
/// do no harm when it is done twice.
/// </summary>
/// <param name="every">The interval; the first look comes after the first one.</param>
/// <param name="scopes">Makes the scopes.</param>
/// <param name="time">Measures the interval.</param>
/// <param name="log">Receives the failures.</param>
public abstract class Watch(TimeSpan every, IServiceScopeFactory scopes, TimeProvider time, ILogger log)
    : BackgroundService
{
    /// <summary>For work that takes several scopes.</summary>
    protected IServiceScopeFactory Scopes => scopes;

    /// <summary>The clock.</summary>
    protected TimeProvider Time => time;

    /// <summary>The log.</summary>
    protected ILogger Log => log;

    /// <summary>What is done at each interval.</summary>
    protected abstract Task Look(IServiceProvider services, CancellationToken cancellation);

    /// <inheritdoc />
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await Look(scope.ServiceProvider, stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogError(error, "{Watch} failed and tries again in {Interval}", GetType().Name, every);
            }
        }
    }
}
