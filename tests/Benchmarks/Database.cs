using Microsoft.Data.Sqlite;
using Npgsql;
using SciLeads.Tests;
using Scim.Api.Data;

namespace Benchmarks;

/// <summary>A database with a number of users, which is deleted when it is disposed.</summary>
internal sealed class Database : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("benchmark-");
    private readonly ServiceProvider services;

    private Database(bool postgres, int users)
    {
        Users = users;
        Connection = postgres
            ? TestPostgres.NewDatabase()
            : $"Data Source={Path.Combine(folder.FullName, "scim.db")}";
        var collection = new ServiceCollection();
        collection.AddLogging();
        collection.AddStorage(new() { Scim = Connection });
        services = collection.BuildServiceProvider();
    }

    public int Users { get; }

    public string Folder => folder.FullName;

    public string Connection { get; }

    public bool IsPostgres => Connection.StartsWith("Host=", StringComparison.Ordinal);

    public static async Task<Database> Create(bool postgres, int users)
    {
        var database = new Database(postgres, users);
        await database.With(async db =>
        {
            await BulkInsert.Fill(db, users);
            return users;
        });
        return database;
    }

    public async Task<T> With<T>(Func<ScimDbContext, Task<T>> act)
    {
        await using var scope = services.CreateAsyncScope();
        return await act(scope.ServiceProvider.GetRequiredService<ScimDbContext>());
    }

    /// <summary>CPU time that PostgreSQL has spent on it. SQLite runs in the process of its server.</summary>
    public Task<TimeSpan> CpuTime() => IsPostgres ? Backends.CpuTime(Connection) : Task.FromResult(TimeSpan.Zero);

    public async ValueTask DisposeAsync()
    {
        if (IsPostgres)
            await With(async db =>
            {
                NpgsqlConnection.ClearAllPools();
                return await db.Database.EnsureDeletedAsync();
            });
        SqliteConnection.ClearAllPools();
        await services.DisposeAsync();
        folder.Delete(recursive: true);
    }
}
