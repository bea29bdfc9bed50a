using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Shared.Hosting.Data;

/// <summary>Gives <c>dotnet ef</c> a context without starting the server. The database need not exist.</summary>
/// <param name="configure">Chooses the database.</param>
/// <param name="create">Creates the context.</param>
public abstract class DesignTimeContext<TContext>(
    Action<DbContextOptionsBuilder> configure, Func<DbContextOptions<TContext>, TContext> create)
    : IDesignTimeDbContextFactory<TContext>
    where TContext : DbContext
{
    /// <summary>A connection string for SQLite. The database is never opened.</summary>
    protected const string Sqlite = "Data Source=design.db";

    /// <summary>A connection string for PostgreSQL. The database is never opened.</summary>
    protected const string Postgres = "Host=design";

    /// <inheritdoc />
    public TContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<TContext>();
        configure(options);
        return create(options.Options);
    }
}
