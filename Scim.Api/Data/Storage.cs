using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shared.Hosting;

namespace Scim.Api.Data;

/// <summary>Registers the SCIM database that the connection string names.</summary>
internal static class Storage
{
    /// <summary>What PostgreSQL calls this server's connections.</summary>
    public const string Program = "Scim.Api";

    public static void AddStorage(this IServiceCollection services, DatabaseOptions database)
    {
        var connectionString = database.ConnectionString;
        services.AddSingleton(_ => new WriterGate(oneAtATime: !database.IsPostgres));
        if (database.IsPostgres)
            services.AddDbContextPool<ScimDbContext, PostgresScimDbContext>(db => db.UseNpgsql(connectionString));
        else
            services.AddDbContextPool<ScimDbContext, SqliteScimDbContext>(db =>
            {
                PrivateFile.MakeDatabase(connectionString);
                db.UseSqlite(connectionString).AddInterceptors(new SqliteConnections());
            });
        services.AddSingleton<Migrator>();
        services.AddHostedService(provider => provider.GetRequiredService<Migrator>());
    }

    /// <summary>A context apart from those that requests share, on PostgreSQL over a connection that the caller has opened.</summary>
    public static ScimDbContext Open(DatabaseOptions database, NpgsqlConnection? connection, ILoggerFactory logs)
    {
        if (connection is not null)
            return new PostgresScimDbContext(new DbContextOptionsBuilder<PostgresScimDbContext>()
                .UseNpgsql(connection).UseLoggerFactory(logs).Options);
        PrivateFile.MakeDatabase(database.ConnectionString);
        return new SqliteScimDbContext(new DbContextOptionsBuilder<SqliteScimDbContext>()
            .UseSqlite(ConnectionStrings.Unpooled(database.ConnectionString))
            .AddInterceptors(new SqliteConnections()).UseLoggerFactory(logs).Options);
    }
}
