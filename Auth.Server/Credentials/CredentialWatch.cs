namespace Auth.Server.Credentials;

/// <summary>Once a minute, sets that have run out are ended. Any node may do it at any time.</summary>
internal sealed class CredentialWatch(
    IServiceScopeFactory scopes, TimeProvider time, ILogger<CredentialWatch> log) : BackgroundService
{
    private static readonly TimeSpan every = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(every, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await using var scope = scopes.CreateAsyncScope();
                await scope.ServiceProvider.GetRequiredService<CredentialSets>().EndExpired(stoppingToken);
            }
            // They admit nobody, ended or not; the next look may succeed.
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                log.LogError(error, "Credential sets that have run out cannot be ended");
            }
        }
    }
}
