using Microsoft.EntityFrameworkCore;
using Shared.Hosting;

namespace Scim.Api.Data;

/// <summary>Ready is a server whose database has every migration and takes a write.</summary>
internal static class Readiness
{
    public const string Tag = "ready";

    public static void AddReadiness(this IServiceCollection services)
    {
        services.AddSingleton(provider => new DatabaseReadiness(
            cancellation => Probe(provider.GetRequiredService<IServiceScopeFactory>(), cancellation)));
        services.AddHealthChecks().AddCheck<DatabaseReadiness>("database", tags: [Tag]);
    }

    private static async Task<string?> Probe(IServiceScopeFactory scopes, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        if ((await db.Database.GetPendingMigrationsAsync(cancellation)).Any())
            return "The database lacks migrations: run Scim.Api database migrate.";
        await using var write = await db.BeginWrite(cancellation);
        var fault = await DatabaseReadiness.TryWrite(db, cancellation);
        await write.Commit(cancellation);
        return fault;
    }
}
