using Shared.Hosting;

namespace Auth.Server.Credentials;

/// <summary>Ends expired sets once a minute. They are refused even before that.</summary>
internal sealed class CredentialWatch(IServiceScopeFactory scopes, TimeProvider time, ILogger<CredentialWatch> log)
    : PeriodicTask(TimeSpan.FromMinutes(1), scopes, time, log)
{
    protected override Task Run(IServiceProvider services, CancellationToken cancellation) =>
        services.GetRequiredService<CredentialSets>().EndExpired(cancellation);
}
