using Auth.Server.Data;
using Auth.Server.KeyLifecycle;
using Auth.Server.Keys;
using Shared.Hosting;
using Shared.Hosting.Data;

namespace Auth.Server.Management;

/// <summary>Prepares the database and the keys before a server starts or a command runs.</summary>
internal static class Preparation
{
    /// <summary>
    /// Migrates the database, or requires that it is up to date, and loads the keys. Nodes that start at the same time
    /// do so one after another.
    /// </summary>
    /// <exception cref="OperatorException">The database is not up to date, or its keys cannot be decrypted.</exception>
    public static async Task Run(WebApplication app, bool migrate, CancellationToken cancellation = default)
    {
        await using var scope = app.Services.CreateAsyncScope();
        var services = scope.ServiceProvider;
        var database = services.GetRequiredService<Database>();
        if (migrate)
            await DatabaseMigration.EnsureExists(services.GetRequiredService<AuthDbContext>(), cancellation);
        await using var migration = await MigrationLock.Take(
            database.ConnectionString,
            () => app.Logger.LogInformation("Waiting for another process that is preparing the database"),
            cancellation);
        await using (var db = database.Open(migration.Connection, services.GetRequiredService<ILoggerFactory>()))
        {
            if (migrate)
                await DatabaseMigration.Apply(db, ServerSettings.Program, cancellation);
            else
                await DatabaseMigration.RequireCurrent(db, ServerSettings.Program, cancellation);
        }
        services.GetRequiredService<KeyRingGuard>().RequireReadable();
        await services.GetRequiredService<KeyRotation>().Advance(cancellation);
    }
}
