using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Scim.Api.Data;

/// <summary>
/// The SCIM database: people, fences, provisioning events. All is keyed by account first. One model on two databases;
/// each has a context of its own to which its migrations belong.
/// </summary>
internal abstract class ScimDbContext(DbContextOptions options, WriterGate gate) : DbContext(options)
{
    /// <summary>Marks a text that is JSON, which PostgreSQL keeps parsed.</summary>
    public const string Json = "Scim:Json";

    /// <summary>Begins a write's transaction, on SQLite at once as the one writer (<c>BEGIN IMMEDIATE</c>).</summary>
    public async Task<WriteTransaction> BeginWrite(CancellationToken cancellation)
    {
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
internal sealed class SqliteScimDbContext(DbContextOptions<SqliteScimDbContext> options, WriterGate gate)
    : ScimDbContext(options, gate);

/// <summary>The SCIM database on PostgreSQL, for any number of nodes.</summary>
internal sealed class PostgresScimDbContext(DbContextOptions<PostgresScimDbContext> options, WriterGate gate)
    : ScimDbContext(options, gate)
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
