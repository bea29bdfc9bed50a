using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Data;

/// <summary>
/// The auth database. It knows no concept: each entity comes with its configuration and its table, a property that extends
/// this context, in the folder of its concept. One model on two databases; each has a context of its own to which its
/// migrations belong. Contexts are pooled, so they keep no state.
/// </summary>
internal abstract class AuthDbContext(DbContextOptions options) : DbContext(options), IDataProtectionKeyContext
{
    /// <summary>The key ring of Data Protection.</summary>
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <summary>
    /// Begins the transaction of a write: on SQLite at once as the one writer (<c>BEGIN IMMEDIATE</c>), when its turn has
    /// come at the <see cref="WriterGate"/>.
    /// </summary>
    public async Task<WriteTransaction> BeginWrite(CancellationToken cancellation)
    {
        // On SQLite it would wait for itself.
        if (Database.CurrentTransaction is not null)
            throw new InvalidOperationException("A transaction is under way in this scope.");
        return new WriteTransaction(await Database.BeginTransactionAsync(cancellation));
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcConverter>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(AuthDbContext).Assembly);
}

/// <summary>The auth database in a SQLite file, for one process.</summary>
internal sealed class SqliteAuthDbContext : AuthDbContext
{
    /// <summary>
    /// A connection that EF makes gets a dozen functions of EF's at every opening, which costs more than most queries and
    /// serves none of ours.
    /// </summary>
    public SqliteAuthDbContext(DbContextOptions<SqliteAuthDbContext> options)
        : base(options)
    {
        Database.SetDbConnection(new SqliteConnection(Database.GetConnectionString()), contextOwnsConnection: true);
        // A save enters the gate with its transaction, so it always has one.
        Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
    }
}

/// <summary>The auth database on PostgreSQL, for any number of nodes.</summary>
internal sealed class PostgresAuthDbContext(DbContextOptions<PostgresAuthDbContext> options) : AuthDbContext(options);
