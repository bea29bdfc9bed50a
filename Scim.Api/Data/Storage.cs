using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shared.Hosting.Data;

namespace Scim.Api.Data;

/// <summary>Registers the SCIM database that the connection string names.</summary>
internal static class Storage
{
    /// <summary>What PostgreSQL calls this server's connections.</summary>
    public const string Program = "Scim.Api";

    // A user takes 1.6 KB and more, of which pages of SQLite's usual 4 KB leave a fifth empty; with 8 KB the file is
    // 15 % smaller, and fewer of its pages lead to a user.
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
    /// A context apart from those that requests share, on PostgreSQL over a connection that the caller has opened.
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
