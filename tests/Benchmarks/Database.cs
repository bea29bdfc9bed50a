using Microsoft.Data.Sqlite;
using Npgsql;
using SciLeads.Tests;
using Scim.Api.Data;

namespace Benchmarks;

/// <summary>
/// A SCIM database with users, all of the first account. It is deleted when it is disposed.
/// </summary>
internal sealed class Database : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("benchmark-");

    private Database(bool postgres, int users)
    {
        Users = users;
        Connection = postgres
            ? NewPostgres()
            : $"Data Source={Path.Combine(folder.FullName, "scim.db")}";
    }

    /// <summary>
    /// The connection string of a new PostgreSQL database. Its connections stay open: the CPU time of a closed one
    /// could no longer be read.
    /// </summary>
    public static string NewPostgres() => $"{TestPostgres.NewDatabase()};Connection Idle Lifetime=3600";

    public int Users { get; }

    public string Connection { get; }

    /// <summary>The name of the PostgreSQL database; null for SQLite.</summary>
    public string? Name => new DatabaseOptions { Scim = Connection }.IsPostgres
        ? new NpgsqlConnectionStringBuilder(Connection).Database
        : null;

    public static async Task<Database> Create(bool postgres, IReadOnlyList<Guid> accounts, int users)
    {
        var database = new Database(postgres, users);
        await database.With(db => BulkInsert.Fill(db, accounts, users));
        return database;
    }

    public async Task With(Func<ScimDbContext, Task> act)
    {
        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddStorage(new() { Scim = Connection });
        await using var services = collection.BuildServiceProvider();
        await using var scope = services.CreateAsyncScope();
        await act(scope.ServiceProvider.GetRequiredService<ScimDbContext>());
    }

    public async ValueTask DisposeAsync()
    {
        if (Name is not null)
            await With(async db =>
            {
                NpgsqlConnection.ClearAllPools();
                await db.Database.EnsureDeletedAsync();
            });
        SqliteConnection.ClearAllPools();
        folder.Delete(recursive: true);
    }
}
