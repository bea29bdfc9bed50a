using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Scim.Api.Data;

/// <summary>
/// The SCIM database: people, fences, provisioning events. All is keyed by account first. One model on two databases;
/// each has a context of its own to which its migrations belong. A context is used again and again, so it
/// remembers nothing: neither account nor user.
/// </summary>
internal abstract class ScimDbContext(DbContextOptions options) : DbContext(options), IDataProtectionKeyContext
{
    /// <summary>Marks a text that is JSON, which PostgreSQL keeps parsed.</summary>
    public const string Json = "Scim:Json";

    /// <summary>The keys of Data Protection, which all nodes share.</summary>
    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <summary>Begins a write's transaction, on SQLite at once as the one writer (<c>BEGIN IMMEDIATE</c>).</summary>
    public async Task<WriteTransaction> BeginWrite(CancellationToken cancellation)
    {
        var gate = this.GetService<WriterGate>();
        await gate.Enter(cancellation);
        try
        {
            return new WriteTransaction(await Database.BeginTransactionAsync(cancellation), gate);
        }
        catch
        {
            gate.Leave();
            throw;
        }
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcTime>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(ScimDbContext).Assembly);
}

/// <summary>The SCIM database in a SQLite file, for one machine.</summary>
internal sealed class SqliteScimDbContext : ScimDbContext
{
    /// <summary>
    /// A connection that EF makes gets a dozen functions of EF's at every opening, which costs more than the look-up of
    /// a user and serves no query of ours.
    /// </summary>
    public SqliteScimDbContext(DbContextOptions<SqliteScimDbContext> options)
        : base(options) =>
        Database.SetDbConnection(
            new SqliteConnection(Database.GetConnectionString()), contextOwnsConnection: true);
}

/// <summary>The SCIM database on PostgreSQL, for any number of nodes.</summary>
internal sealed class PostgresScimDbContext(DbContextOptions<PostgresScimDbContext> options)
    : ScimDbContext(options)
{
    /// <summary>Texts are compared and sorted by their bytes in UTF-8, as on SQLite, in every language.</summary>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        base.OnModelCreating(modelBuilder);
        var texts = modelBuilder.Model.GetEntityTypes().SelectMany(entity => entity.GetProperties())
            .Where(property => property.ClrType == typeof(string));
        foreach (var text in texts)
        {
            if (text.FindAnnotation(Json) is not null)
                text.SetColumnType("jsonb");
            else
                text.SetCollation("C");
        }
    }
}

/// <summary>Times are UTC, and come out of a database that does not know as what they went in.</summary>
internal sealed class UtcTime() : ValueConverter<DateTime, DateTime>(
    time => time.ToUniversalTime(), time => DateTime.SpecifyKind(time, DateTimeKind.Utc));
