using Microsoft.Extensions.Options;
using Shared.Hosting.Data;

namespace Scim.Api.Data;

/// <summary>
/// Brings the tables up to date before the first request is taken, if the settings ask for it, and refuses tables that
/// a newer version has changed. Nodes that start at once do so one after another.
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

    /// <summary>Brings the tables up to date.</summary>
    public async Task Migrate(CancellationToken cancellation)
    {
        // Whatever is wrong with it, the options say.
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

    /// <summary>Requires that no newer version has changed the tables, as far as the database can be asked.</summary>
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
