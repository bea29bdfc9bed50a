using Microsoft.EntityFrameworkCore;
using Scim.Api.Data;
using SciLeads.Tests;

namespace Scim.Api.Tests.Data;

/// <summary>The schema of the SCIM database.</summary>
public sealed class SchemaTests
{
    [Test]
    public async Task The_schema_equals_the_committed_copy()
    {
        var folder = Directory.CreateTempSubdirectory("schema-");
        await using (var db = Open(Path.Combine(folder.FullName, "scim.db")))
        {
            await db.Database.MigrateAsync();
            await db.Database.OpenConnectionAsync();
            await DatabaseSchema.RequireCommitted(db.Database.GetDbConnection(), "Data");
        }

        folder.Delete(recursive: true);
    }

    private static ScimDbContext Open(string file) => TestPostgres.IsWanted
        ? new PostgresScimDbContext(
            new DbContextOptionsBuilder<PostgresScimDbContext>().UseNpgsql(TestPostgres.NewDatabase()).Options)
        : new SqliteScimDbContext(
            new DbContextOptionsBuilder<SqliteScimDbContext>().UseSqlite($"Data Source={file}").Options);
}
