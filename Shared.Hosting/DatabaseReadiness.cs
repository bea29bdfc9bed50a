using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Shared.Hosting;

/// <summary>
/// Ready is a server whose database takes a write. Whoever asks, and however often: there is one probe at a time, and its
/// result is good for a second. A database that hangs makes the server unready, not the answer late.
/// </summary>
/// <param name="probe">Returns why the database is not ready, in a sentence, or null; or fails as the database does.</param>
public sealed class DatabaseReadiness(Func<CancellationToken, Task<string?>> probe) : IHealthCheck
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

    /// <summary>
    /// Writes something in the transaction that the caller has begun and will commit, and leaves nothing behind: a disk that is
    /// full or a database that is read-only shows only when something is written.
    /// </summary>
    public static async Task<string?> TryWrite(DbContext db, CancellationToken cancellation)
    {
        if (db.Database.IsSqlite())
        {
            await db.Database.ExecuteSqlAsync(
                $"""CREATE TABLE "Probe" ("Data"); INSERT INTO "Probe" VALUES (zeroblob(65536)); DROP TABLE "Probe" """,
                cancellation);
            return null;
        }
        // A transaction id is written to the log of the server.
        var isReadOnly = await db.Database
            .SqlQuery<string>(
                $"""SELECT CASE WHEN txid_current() > 0 THEN current_setting('transaction_read_only') END AS "Value" """)
            .SingleAsync(cancellation);
        return isReadOnly == "on" ? "The database is read-only." : null;
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
