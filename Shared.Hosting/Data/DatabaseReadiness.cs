using System.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Shared.Hosting.Data;

/// <summary>
/// A server is ready while its database has every migration and takes a write. However often it is asked, there is one
/// probe at a time, and its result is good for a second. A database that hangs makes the server unready, not the answer
/// late.
/// </summary>
internal sealed class DatabaseReadiness(Func<CancellationToken, Task<string?>> probe) : IHealthCheck
{
    private static readonly TimeSpan limit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan goodFor = TimeSpan.FromSeconds(1);

    private readonly Lock oneAtATime = new();
    private Task<HealthCheckResult>? current;
    private long began;

    /// <inheritdoc />
    public async Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        Task<HealthCheckResult> result;
        TimeSpan left;
        lock (oneAtATime)
        {
            if (current is null || (current.IsCompleted && Stopwatch.GetElapsedTime(began) > goodFor))
            {
                began = Stopwatch.GetTimestamp();
                // SQLite waits on the caller's thread.
                current = Task.Run(Probe, CancellationToken.None);
            }
            result = current;
            left = limit - Stopwatch.GetElapsedTime(began);
        }
        try
        {
            return await result.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, cancellationToken);
        }
        catch (TimeoutException)
        {
            return HealthCheckResult.Unhealthy("The database does not answer in time.");
        }
    }

    private async Task<HealthCheckResult> Probe()
    {
        using var patience = new CancellationTokenSource(limit);
        try
        {
            return await probe(patience.Token) is { } reason
                ? HealthCheckResult.Unhealthy(reason)
                : HealthCheckResult.Healthy();
        }
        // Whatever it is, the server cannot work.
        catch (Exception error)
        {
            return HealthCheckResult.Unhealthy($"The database cannot be used: {error.GetBaseException().Message}");
        }
    }
}
