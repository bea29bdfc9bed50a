using Microsoft.Extensions.Options;
using Shared.Hosting.Data;

namespace Scim.Api.Data;

/// <summary>
/// Brings the database up to date before the server accepts requests, if the settings say so, and refuses a database
/// that a newer version has migrated. Nodes that start at the same time do so one after another.
/// </summary>
internal sealed class Migrator(
    IServiceScopeFactory scopes,
    IOptions<ScimOptions> options,
    IOptions<DatabaseOptions> database,
    ILoggerFactory logs,
    ILogger<Migrator> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) =>
        options.Value.MigrateAtStart ? Migrate(cancellationToken) : RequireKnown(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Brings the database up to date.</summary>
    public async Task Migrate(CancellationToken cancellation)
    {
        // Throws if the connection string is invalid.
        var settings = database.Value;
        await using (var scope = scopes.CreateAsyncScope())
            await DatabaseMigration.EnsureExists(
                scope.ServiceProvider.GetRequiredService<ScimDbContext>(), cancellation);
        await using var migration = await MigrationLock.Take(
            settings.ConnectionString,
            () => log.LogInformation("Waiting for another process that is preparing the database"),
            cancellation);
        await using var db = Storage.Open(settings, migration.Connection, logs);
        await DatabaseMigration.Apply(db, Storage.Program, cancellation);
    }

    /// <summary>
    /// Requires that no newer version has migrated the database. A database that cannot be reached is only reported.
    /// </summary>
    public async Task RequireKnown(CancellationToken cancellation)
    {
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            await DatabaseMigration.RequireKnown(
                scope.ServiceProvider.GetRequiredService<ScimDbContext>(), Storage.Program, cancellation);
        }
        catch (Exception outage) when (DatabaseOutage.IsCauseOf(outage))
        {
            log.LogWarning("The database cannot be used: {Reason}", outage.GetBaseException().Message);
        }
    }
}
