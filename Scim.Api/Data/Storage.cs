using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shared.Hosting.Data;

namespace Scim.Api.Data;

/// <summary>Registers the SCIM database.</summary>
internal static class Storage
{
    /// <summary>The name of this server, also of its connections in PostgreSQL.</summary>
    public const string Program = "Scim.Api";

    // A user takes at least 1.6 KB, so SQLite's default pages of 4 KB leave a fifth empty. With 8 KB the file is 15 %
    // smaller, and finding a user reads fewer pages.
    private const int PageSize = 8192;

    public static void AddStorage(this IServiceCollection services, DatabaseOptions database)
    {
        var connectionString = database.ConnectionString;
        if (database.IsPostgres)
            services.AddDbContextPool<ScimDbContext, PostgresScimDbContext>(db => db.UseNpgsql(connectionString));
        else
            services.AddSqliteContexts<ScimDbContext, SqliteScimDbContext>(connectionString, PageSize);
        services.AddSingleton<Migrator>();
        services.AddHostedService(provider => provider.GetRequiredService<Migrator>());
    }

    /// <summary>
    /// Opens a context outside the pool; on PostgreSQL, it uses the connection that the caller has opened.
    /// </summary>
    public static ScimDbContext Open(DatabaseOptions database, NpgsqlConnection? connection, ILoggerFactory logs)
    {
        if (connection is not null)
            return new PostgresScimDbContext(new DbContextOptionsBuilder<PostgresScimDbContext>()
                .UseNpgsql(connection).UseLoggerFactory(logs).Options);
        SqliteDatabase.Create(database.ConnectionString, PageSize);
        var sqlite = new DbContextOptionsBuilder<SqliteScimDbContext>();
        sqlite.UseSqliteFile(ConnectionStrings.Unpooled(database.ConnectionString)).UseLoggerFactory(logs);
        return new SqliteScimDbContext(sqlite.Options);
    }
}
