namespace Auth.Server.Keys;

/// <summary>
/// Looks after the keys while the server runs: what other nodes or an operator did with them is taken over in seconds,
/// and once an hour what nobody needs is thrown away.
/// </summary>
internal sealed class KeyWatch(IServiceScopeFactory scopes, AuthOptions options, TimeProvider time, ILogger<KeyWatch> log)
    : BackgroundService
{
    private static readonly TimeSpan forgetEvery = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Keys.LookEvery, time);
        for (DateTimeOffset? forgot = null; await timer.WaitForNextTickAsync(stoppingToken);)
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                var rotation = scope.ServiceProvider.GetRequiredService<KeyRotation>();
                await rotation.Advance(stoppingToken);
                if (time.GetUtcNow() < forgot + forgetEvery)
                    continue;
                await rotation.Forget(stoppingToken);
                forgot = time.GetUtcNow();
            }
            // The keys at hand go on working; the next look may succeed.
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogError(error, "The keys cannot be looked after");
            }
        }
    }
}
