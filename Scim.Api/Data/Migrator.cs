using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;

namespace Scim.Api.Data;

/// <summary>Brings the tables up to date before the first request is taken, if the settings ask for it.</summary>
internal sealed class Migrator(IServiceScopeFactory scopes, IOptions<ScimOptions> options) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!options.Value.MigrateAtStart)
            return;
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Database.MigrateAsync(cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
