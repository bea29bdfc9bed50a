using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Shared.Hosting.Data;

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

    /// <summary>Begins a transaction that may write.</summary>
    public Task<WriteTransaction> BeginWrite(CancellationToken cancellation) =>
        WriteTransaction.Begin(this, cancellation);

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcConverter>();

    protected override void OnModelCreating(ModelBuilder modelBuilder) =>
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(ScimDbContext).Assembly);
}

/// <summary>The SCIM database in a SQLite file, for one machine.</summary>
internal sealed class SqliteScimDbContext : ScimDbContext
{
    public SqliteScimDbContext(DbContextOptions<SqliteScimDbContext> options)
        : base(options) => Database.UsePlainConnection();
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
