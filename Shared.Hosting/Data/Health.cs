using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Shared.Hosting.Data;

/// <summary>
/// Whether a server can work (<c>/health/ready</c>), and whether it runs at all (<c>/health/live</c>).
/// </summary>
public static class Health
{
    /// <summary>Registers the check that the database has every migration and accepts a write.</summary>
    /// <param name="services">The services.</param>
    /// <param name="program">The name of the server, whose command applies migrations.</param>
    public static void AddDatabaseReadiness<TContext>(this IServiceCollection services, string program)
        where TContext : DbContext
    {
        services.AddSingleton(provider =>
        {
            var scopes = provider.GetRequiredService<IServiceScopeFactory>();
            return new DatabaseReadiness(cancellation => Probe<TContext>(scopes, program, cancellation));
        });
        services.AddHealthChecks().AddCheck<DatabaseReadiness>("database");
    }

    /// <summary>Maps both endpoints.</summary>
    public static void MapHealth(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapHealthChecks("/health/ready");
        endpoints.MapHealthChecks("/health/live", new() { Predicate = _ => false });
    }

    private static async Task<string?> Probe<TContext>(
        IServiceScopeFactory scopes, string program, CancellationToken cancellation)
        where TContext : DbContext
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<TContext>();
        if ((await db.Database.GetPendingMigrationsAsync(cancellation)).Any())
            return $"The database lacks migrations. Run: {program} database migrate";
        await using var write = await WriteTransaction.Begin(db, cancellation);
        var fault = await TryWrite(db, cancellation);
        await write.Commit(cancellation);
        return fault;
    }

    /// <summary>
    /// Commits a write that leaves nothing behind: only a write detects a full disk or a read-only database.
    /// </summary>
    private static async Task<string?> TryWrite(DbContext db, CancellationToken cancellation)
    {
        if (db.Database.IsSqlite())
        {
            await db.Database.ExecuteSqlAsync(
                $"""CREATE TABLE "Probe" ("Data"); INSERT INTO "Probe" VALUES (zeroblob(65536)); DROP TABLE "Probe" """,
                cancellation);
            return null;
        }
        // Assigning a transaction id writes to the write-ahead log.
        var isReadOnly = await db.Database
            .SqlQuery<string>(
                $"""
                SELECT CASE WHEN txid_current() > 0 THEN current_setting('transaction_read_only') END AS "Value"
                """)
            .SingleAsync(cancellation);
        return isReadOnly == "on" ? "The database is read-only." : null;
    }
}
