using Shared.Hosting;

namespace Auth.Server.Credentials;

/// <summary>Once a minute, sets that have run out are ended. They admit nobody, ended or not.</summary>
internal sealed class CredentialWatch(IServiceScopeFactory scopes, TimeProvider time, ILogger<CredentialWatch> log)
    : Watch(TimeSpan.FromMinutes(1), scopes, time, log)
{
    protected override Task Look(IServiceProvider services, CancellationToken cancellation) =>
        services.GetRequiredService<CredentialSets>().EndExpired(cancellation);
}
