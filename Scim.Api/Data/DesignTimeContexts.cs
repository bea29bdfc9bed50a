using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Scim.Api.Data;

/// <summary>Gives <c>dotnet ef</c> the SQLite context without starting the server.</summary>
internal sealed class SqliteDesign : IDesignTimeDbContextFactory<SqliteScimDbContext>
{
    public SqliteScimDbContext CreateDbContext(string[] args) => new(
        new DbContextOptionsBuilder<SqliteScimDbContext>().UseSqlite("Data Source=design.db").Options);
}

/// <summary>Gives <c>dotnet ef</c> the PostgreSQL context without starting the server.</summary>
internal sealed class PostgresDesign : IDesignTimeDbContextFactory<PostgresScimDbContext>
{
    public PostgresScimDbContext CreateDbContext(string[] args) => new(
        new DbContextOptionsBuilder<PostgresScimDbContext>().UseNpgsql("Host=design").Options);
}
