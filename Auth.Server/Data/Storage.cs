using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shared.Hosting.Data;

namespace Auth.Server.Data;

/// <summary>Registers the auth database that the connection string names.</summary>
internal static class Storage
{
    /// <summary>
    /// Whether the database contains keys of the key ring; one that does not exist or has no tables contains none.
    /// </summary>
    public static bool HasKeys(string connectionString)
    {
        using DbConnection connection = ConnectionStrings.IsPostgres(connectionString)
            ? new NpgsqlConnection(ConnectionStrings.Unpooled(connectionString))
            : new SqliteConnection(ConnectionStrings.Unpooled(connectionString));
        using var command = connection.CreateCommand();
        command.CommandText = """SELECT COUNT(*) FROM "DataProtectionKeys" """;
        try
        {
            connection.Open();
            return (long)command.ExecuteScalar()! > 0;
        }
        catch (PostgresException error)
            when (error.SqlState is PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidCatalogName)
        {
            return false;
        }
        catch (SqliteException error) when (error.SqliteErrorCode == SQLitePCL.raw.SQLITE_ERROR)
        {
            return false;
        }
    }

    public static void AddStorage(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton(new Database(connectionString));
        if (ConnectionStrings.IsPostgres(connectionString))
        {
            services.AddDbContextPool<AuthDbContext, PostgresAuthDbContext>(db => db.UseNpgsql(connectionString));
            return;
        }
        SqliteDatabase.Create(connectionString);
        services.AddSqliteContexts<AuthDbContext, SqliteAuthDbContext>(connectionString);
    }
}

/// <summary>Creates contexts of the auth database outside of dependency injection.</summary>
internal sealed record Database(string ConnectionString)
{
    /// <summary>Creates a context that uses the given open connection or, without one, its own connections.</summary>
    public AuthDbContext Open(NpgsqlConnection? connection, ILoggerFactory logs)
    {
        if (!ConnectionStrings.IsPostgres(ConnectionString))
        {
            var sqlite = new DbContextOptionsBuilder<SqliteAuthDbContext>();
            sqlite.UseSqliteFile(ConnectionStrings.Unpooled(ConnectionString)).UseLoggerFactory(logs);
            return new SqliteAuthDbContext(sqlite.Options);
        }
        var postgres = new DbContextOptionsBuilder<PostgresAuthDbContext>();
        if (connection is null)
            postgres.UseNpgsql(ConnectionString);
        else
            postgres.UseNpgsql(connection);
        postgres.UseLoggerFactory(logs);
        return new PostgresAuthDbContext(postgres.Options);
    }
}
