using Shared.Hosting;

namespace Auth.Server.KeyLifecycle;

/// <summary>
/// Looks after the keys while the server runs: what other nodes or an operator did with them is taken over in seconds,
/// and once an hour what nobody needs is thrown away. If that fails, the keys at hand go on working.
/// </summary>
internal sealed class KeyWatch(
    IServiceScopeFactory scopes, AuthOptions options, TimeProvider time, ILogger<KeyWatch> log)
    : Watch(options.Keys.LookEvery, scopes, time, log)
{
    private static readonly TimeSpan forgetEvery = TimeSpan.FromHours(1);
    private DateTimeOffset? forgot;

    protected override async Task Look(IServiceProvider services, CancellationToken cancellation)
    {
        var rotation = services.GetRequiredService<KeyRotation>();
        await rotation.Advance(cancellation);
        if (Time.GetUtcNow() < forgot + forgetEvery)
            return;
        await rotation.Forget(cancellation);
        forgot = Time.GetUtcNow();
    }
}
