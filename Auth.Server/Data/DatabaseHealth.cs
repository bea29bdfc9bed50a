using Shared.Hosting;

namespace Auth.Server.Data;

/// <summary>Ready while the database takes a write.</summary>
internal static class DatabaseHealth
{
    public static void AddDatabaseHealth(this IServiceCollection services)
    {
        services.AddSingleton(provider => new DatabaseReadiness(
            cancellation => Probe(provider.GetRequiredService<IServiceScopeFactory>(), cancellation)));
        services.AddHealthChecks().AddCheck<DatabaseReadiness>("database");
    }

    private static async Task<string?> Probe(IServiceScopeFactory scopes, CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
        await using var write = await db.BeginWrite(cancellation);
        var fault = await DatabaseReadiness.TryWrite(db, cancellation);
        await write.Commit(cancellation);
        return fault;
    }
}
