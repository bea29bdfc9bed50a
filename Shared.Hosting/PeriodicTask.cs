using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Shared.Hosting;

/// <summary>
/// Runs something at fixed intervals while the server runs, each time in a new scope. A failure is logged, and the next
/// interval tries again. Every node runs it without coordination, so running it twice must do no harm.
/// </summary>
/// <param name="interval">The interval. The first run is after the first interval.</param>
/// <param name="scopes">Creates the scopes.</param>
/// <param name="time">Measures the interval.</param>
/// <param name="log">Receives the failures.</param>
public abstract class PeriodicTask(TimeSpan interval, IServiceScopeFactory scopes, TimeProvider time, ILogger log)
    : BackgroundService
{
    /// <summary>For work that needs several scopes.</summary>
    protected IServiceScopeFactory Scopes => scopes;

    /// <summary>The clock.</summary>
    protected TimeProvider Time => time;

    /// <summary>The log.</summary>
    protected ILogger Log => log;

    /// <summary>The work of one interval.</summary>
    protected abstract Task Run(IServiceProvider services, CancellationToken cancellation);

    /// <inheritdoc />
    protected sealed override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await Run(scope.ServiceProvider, stoppingToken);
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogError(error, "{Task} failed and will run again in {Interval}", GetType().Name, interval);
            }
        }
    }
}
