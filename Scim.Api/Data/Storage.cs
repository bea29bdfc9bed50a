using Microsoft.EntityFrameworkCore;

namespace Scim.Api.Data;

/// <summary>Registers the SCIM database that the connection string names.</summary>
internal static class Storage
{
    public static void AddStorage(this IServiceCollection services, DatabaseOptions database)
    {
        services.AddSingleton(_ => new WriterGate(oneAtATime: !database.IsPostgres));
        if (database.IsPostgres)
            services.AddDbContextPool<ScimDbContext, PostgresScimDbContext>(db => db.UseNpgsql(database.Scim));
        else
            services.AddDbContextPool<ScimDbContext, SqliteScimDbContext>(db =>
            {
                PrivateFile.MakeDatabase(database.Scim);
                db.UseSqlite(database.Scim).AddInterceptors(new SqliteConnections());
            });
        services.AddHostedService<Migrator>();
    }
}
