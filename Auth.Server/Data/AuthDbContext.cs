using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Shared.Hosting.Data;

namespace Auth.Server.Data;

/// <summary>
/// The auth database. Each entity is defined in the folder of its concept, with its configuration and an extension
/// property of this context for its table. The same model runs on two databases, each with its own derived context and
/// migrations. Contexts are pooled, so they must not keep state.
/// </summary>
internal abstract class AuthDbContext(DbContextOptions options) : DbContext(options), IDataProtectionKeyContext
{
    /// <summary>The Data Protection key ring.</summary>
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <summary>Begins a transaction that may write.</summary>
    public Task<WriteTransaction> BeginWrite(CancellationToken cancellation) =>
        WriteTransaction.Begin(this, cancellation);

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcConverter>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(AuthDbContext).Assembly);
}

/// <summary>The auth database in a SQLite file, for one process.</summary>
internal sealed class SqliteAuthDbContext : AuthDbContext
{
    public SqliteAuthDbContext(DbContextOptions<SqliteAuthDbContext> options)
        : base(options) => Database.UsePlainConnection();
}

/// <summary>The auth database on PostgreSQL, for any number of nodes.</summary>
internal sealed class PostgresAuthDbContext(DbContextOptions<PostgresAuthDbContext> options) : AuthDbContext(options);
