using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Shared.Hosting;

namespace Auth.Server.Tests.Hosting;

[Category("Slow")]
public sealed class WatchTests
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
        using var watch = new Probe(failure, services.GetRequiredService<IServiceScopeFactory>(), time, log);
        await watch.StartAsync(default);
        for (var look = 1; look <= 3; look++)
        {
            // The timer may not have started yet, or not again, so the clock moves on until it fires.
            for (var attempt = 0; !await watch.Looked.WaitAsync(TimeSpan.FromMilliseconds(10)); attempt++)
            {
                Assert.That(attempt, Is.LessThan(3000), $"look {look} did not happen");
                time.Advance(TimeSpan.FromMinutes(1));
            }
        }
        await watch.StopAsync(default);
        Assert.That(watch.ExecuteTask!.IsCompleted);
        Assert.That(log.Lines, Has.Some.Contains("Probe failed and tries again in 00:01:00"));
        Assert.That(log.Lines, Has.Some.Contains("canary"));
    }

    private sealed class Probe(Exception failure, IServiceScopeFactory scopes, TimeProvider time, ILogger log)
        : Watch(TimeSpan.FromMinutes(1), scopes, time, log)
    {
        public SemaphoreSlim Looked { get; } = new(0);

        protected override Task Look(IServiceProvider services, CancellationToken cancellation)
        {
            Looked.Release();
            throw failure;
        }

        public override void Dispose()
        {
            Looked.Dispose();
            base.Dispose();
        }
    }
}
