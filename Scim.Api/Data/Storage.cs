using Microsoft.EntityFrameworkCore;
using Shared.Hosting;

namespace Scim.Api.Data;

/// <summary>Registers the SCIM database that the connection string names.</summary>
internal static class Storage
{
    public static void AddStorage(this IServiceCollection services, DatabaseOptions database)
    {
        var connectionString = ConnectionStrings.WithDefaults(database.Scim, "Scim.Api");
        services.AddSingleton(_ => new WriterGate(oneAtATime: !database.IsPostgres));
        if (database.IsPostgres)
            services.AddDbContextPool<ScimDbContext, PostgresScimDbContext>(db => db.UseNpgsql(connectionString));
        else
            services.AddDbContextPool<ScimDbContext, SqliteScimDbContext>(db =>
            {
                PrivateFile.MakeDatabase(connectionString);
                db.UseSqlite(connectionString).AddInterceptors(new SqliteConnections());
            });
        services.AddHostedService<Migrator>();
    }
}
