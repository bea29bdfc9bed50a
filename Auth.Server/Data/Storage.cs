using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Shared.Hosting.Data;

namespace Auth.Server.Data;

/// <summary>Registers the auth database that the connection string names.</summary>
internal static class Storage
{
    // Statements that come again and again stay prepared, and no connection is told to forget what nobody ever tells it
    // (session settings, locks, temporary tables). What the connection string itself says goes before.
    private const string PostgresDefaults = "Max Auto Prepare=100;No Reset On Close=true;";

    /// <summary>What PostgreSQL calls this server's connections.</summary>
    public const string Program = "Auth.Server";

    /// <summary>
    /// Whether the database holds keys of the key ring; one that is not there or has no tables holds none.
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
            services.AddDbContextPool<AuthDbContext, PostgresAuthDbContext>(db => db.UsePostgres(connectionString));
            return;
        }
        SqliteDatabase.Create(connectionString);
        services.AddSqliteContexts<AuthDbContext, SqliteAuthDbContext>(connectionString);
    }

    public static DbContextOptionsBuilder UsePostgres(this DbContextOptionsBuilder db, string connectionString) =>
        db.UseNpgsql(PostgresDefaults + connectionString);
}

/// <summary>The auth database, for whoever needs a context apart from those that requests share.</summary>
internal sealed record Database(string ConnectionString)
{
    /// <summary>
    /// A context over a connection that the caller has opened or, without one, over connections of its own.
    /// </summary>
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
            postgres.UsePostgres(ConnectionString);
        else
            postgres.UseNpgsql(connection);
        postgres.UseLoggerFactory(logs);
        return new PostgresAuthDbContext(postgres.Options);
    }
}
