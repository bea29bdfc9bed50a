using System.Data.Common;
using Auth.Server.Connect;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Data;

/// <summary>Registers the auth database that the connection string names.</summary>
internal static class Storage
{
    /// <summary>PostgreSQL has a host; SQLite has a file (<c>Data Source</c>).</summary>
    public static bool IsPostgres(string connectionString) =>
        new DbConnectionStringBuilder { ConnectionString = connectionString }.ContainsKey("Host");

    public static void AddStorage(this IServiceCollection services, string connectionString)
    {
        var postgres = IsPostgres(connectionString);
        services.AddSingleton(_ => new WriterGate(oneAtATime: !postgres));
        if (postgres)
            services.AddDbContext<AuthDbContext, PostgresAuthDbContext>(db => db.UsePostgres(connectionString));
        else
            services.AddDbContext<AuthDbContext, SqliteAuthDbContext>(db => db.UseSqliteFile(connectionString));
    }

    public static DbContextOptionsBuilder UseSqliteFile(this DbContextOptionsBuilder db, string connectionString) => db
        .UseSqlite(connectionString)
        .UseOpenIddict<Client, Grant, Scope, Token, Guid>()
        .AddInterceptors(new SqliteConnections());

    public static DbContextOptionsBuilder UsePostgres(this DbContextOptionsBuilder db, string connectionString) => db
        .UseNpgsql(connectionString)
        .UseOpenIddict<Client, Grant, Scope, Token, Guid>();
}
