using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore;
using Shared.Hosting.Data;

namespace Scim.Api.Data;

/// <summary>
/// The SCIM database: users, fences, provisioning events. Every key begins with the account. The model is the same for
/// both databases; each has its own context, to which its migrations belong. Contexts are pooled, so they must not keep
/// state such as the account.
/// </summary>
internal abstract class ScimDbContext(DbContextOptions options) : DbContext(options), IDataProtectionKeyContext
{
    /// <summary>Marks a string that contains JSON, for which PostgreSQL uses <c>jsonb</c>.</summary>
    public const string Json = "Scim:Json";

    /// <summary>The Data Protection keys, which all nodes share.</summary>
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
    /// <summary>Strings are compared and sorted by their UTF-8 bytes, as on SQLite, whatever the locale.</summary>
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
