using System.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Shared.Hosting.Data;

/// <summary>
/// A server is ready while its database has every migration and accepts a write. There is one probe at a time, however
/// many requests ask, and its result is used for a second. If the database hangs, the response is not late: the server
/// is reported as not ready.
/// </summary>
internal sealed class DatabaseReadiness(Func<CancellationToken, Task<string?>> probe) : IHealthCheck
{
    private static readonly TimeSpan timeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan validFor = TimeSpan.FromSeconds(1);

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
            if (current is null || (current.IsCompleted && Stopwatch.GetElapsedTime(began) > validFor))
            {
                began = Stopwatch.GetTimestamp();
                // SQLite blocks the caller's thread.
                current = Task.Run(Probe, CancellationToken.None);
            }
            result = current;
            left = timeout - Stopwatch.GetElapsedTime(began);
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
        using var source = new CancellationTokenSource(timeout);
        try
        {
            return await probe(source.Token) is { } reason
                ? HealthCheckResult.Unhealthy(reason)
                : HealthCheckResult.Healthy();
        }
        // Whatever the fault is, the server cannot work.
        catch (Exception error)
        {
            return HealthCheckResult.Unhealthy($"The database cannot be used: {error.GetBaseException().Message}");
        }
    }
}
