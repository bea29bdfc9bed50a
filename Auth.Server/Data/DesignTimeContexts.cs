using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Auth.Server.Data;

/// <summary>Gives <c>dotnet ef</c> the SQLite context without starting the server.</summary>
internal sealed class SqliteDesign : IDesignTimeDbContextFactory<SqliteAuthDbContext>
{
    public SqliteAuthDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<SqliteAuthDbContext>();
        options.UseSqliteFile("Data Source=design.db");
        return new(options.Options);
    }
}

/// <summary>Gives <c>dotnet ef</c> the PostgreSQL context without starting the server.</summary>
internal sealed class PostgresDesign : IDesignTimeDbContextFactory<PostgresAuthDbContext>
{
    public PostgresAuthDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<PostgresAuthDbContext>();
        options.UsePostgres("Host=design");
        return new(options.Options);
    }
}
