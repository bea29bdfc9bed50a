using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Shared.Hosting;

namespace Auth.Server.Tests.Hosting;

[Category("Slow")]
public sealed class PeriodicTaskTests
{
    private static IEnumerable<Exception> Failures =>
    [
        new InvalidOperationException("canary"), new OperationCanceledException("canary"),
        new TimeoutException("canary"),
    ];

    [TestCaseSource(nameof(Failures))]
    public async Task A_failed_watch_is_logged_and_runs_again(Exception failure)
    {
        var time = new FakeTimeProvider();
        using var log = new LogRecorder();
        await using var services = new ServiceCollection().BuildServiceProvider();
        using var task = new Probe(failure, services.GetRequiredService<IServiceScopeFactory>(), time, log);
        await task.StartAsync(default);
        for (var run = 1; run <= 3; run++)
        {
            // The timer may not have started yet, or not again, so the clock moves on until it fires.
            for (var attempt = 0; !await task.HasRun.WaitAsync(TimeSpan.FromMilliseconds(10)); attempt++)
            {
                Assert.That(attempt, Is.LessThan(3000), $"run {run} did not happen");
                time.Advance(TimeSpan.FromMinutes(1));
            }
        }
        await task.StopAsync(default);
        Assert.That(task.ExecuteTask!.IsCompleted);
        Assert.That(log.Lines, Has.Some.Contains("Probe failed and will run again in 00:01:00"));
        Assert.That(log.Lines, Has.Some.Contains("canary"));
    }

    private sealed class Probe(Exception failure, IServiceScopeFactory scopes, TimeProvider time, ILogger log)
        : PeriodicTask(TimeSpan.FromMinutes(1), scopes, time, log)
    {
        public SemaphoreSlim HasRun { get; } = new(0);

        protected override Task Run(IServiceProvider services, CancellationToken cancellation)
        {
            HasRun.Release();
            throw failure;
        }

        public override void Dispose()
        {
            HasRun.Dispose();
            base.Dispose();
        }
    }
}
