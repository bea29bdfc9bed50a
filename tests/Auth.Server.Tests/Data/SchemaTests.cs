using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using SciLeads.Tests;

namespace Auth.Server.Tests.Data;

/// <summary>The schema of the auth database.</summary>
public sealed class SchemaTests
{
    [Test]
    public async Task The_schema_is_the_committed_one()
    {
        var folder = Directory.CreateTempSubdirectory("schema-");
        var database = new Database(
            TestPostgres.IsWanted
                ? TestPostgres.NewDatabase()
                : $"Data Source={Path.Combine(folder.FullName, "auth.db")}");
        await using (var db = database.Open(null, NullLoggerFactory.Instance))
        {
            await db.Database.MigrateAsync();
            await db.Database.OpenConnectionAsync();
            await DatabaseSchema.RequireCommitted(db.Database.GetDbConnection(), "Data");
        }

        folder.Delete(recursive: true);
    }
}
