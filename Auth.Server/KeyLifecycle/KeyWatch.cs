using Shared.Hosting;

namespace Auth.Server.KeyLifecycle;

/// <summary>
/// Maintains the keys while the server runs: loads changes by other nodes or an operator within seconds, and deletes
/// unneeded keys once an hour. If that fails, the loaded keys stay in use.
/// </summary>
internal sealed class KeyWatch(
    IServiceScopeFactory scopes, AuthOptions options, TimeProvider time, ILogger<KeyWatch> log)
    : PeriodicTask(options.Keys.LookEvery, scopes, time, log)
{
    private static readonly TimeSpan forgetEvery = TimeSpan.FromHours(1);
    private DateTimeOffset? lastForgot;

    protected override async Task Run(IServiceProvider services, CancellationToken cancellation)
    {
        var rotation = services.GetRequiredService<KeyRotation>();
        await rotation.Advance(cancellation);
        if (Time.GetUtcNow() < lastForgot + forgetEvery)
            return;
        await rotation.Forget(cancellation);
        lastForgot = Time.GetUtcNow();
    }
}
