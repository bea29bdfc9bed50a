namespace Auth.Server;

/// <summary>
/// Looks after something while the server runs, in a scope of its own each time. What fails is logged, and tried again the
/// next time. Every node does so, and none waits for the others: what is done must do no harm when it is done twice.
/// </summary>
internal abstract class Watch(TimeSpan every, IServiceScopeFactory scopes, TimeProvider time, ILogger log) : BackgroundService
{
    protected IServiceScopeFactory Scopes => scopes;

    protected TimeProvider Time => time;

    protected abstract Task Look(IServiceProvider services, CancellationToken cancellation);

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
                log.LogError(error, "{Watch} has failed, and tries again in {Interval}", GetType().Name, every);
            }
        }
    }
}
