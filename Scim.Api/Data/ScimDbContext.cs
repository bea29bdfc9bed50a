using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Scim.Api.Data;

/// <summary>The SCIM database: people, fences, provisioning events. All is keyed by account first.</summary>
internal sealed class ScimDbContext(DbContextOptions<ScimDbContext> options, WriterGate gate) : DbContext(options)
{
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

/// <summary>Times are UTC, and come out of a database that does not know as what they went in.</summary>
internal sealed class UtcTime() : ValueConverter<DateTime, DateTime>(
    time => time.ToUniversalTime(), time => DateTime.SpecifyKind(time, DateTimeKind.Utc));
