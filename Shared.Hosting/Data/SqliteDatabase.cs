using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.DependencyInjection;

namespace Shared.Hosting.Data;

/// <summary>Creates the file of a SQLite database and configures its contexts.</summary>
public static class SqliteDatabase
{
    // SQLite's own default.
    private const int PageSize = 4096;

    /// <summary>The full path of the file in a connection string.</summary>
    public static string FileOf(string connectionString) =>
        Path.GetFullPath(new SqliteConnectionStringBuilder(connectionString).DataSource);

    /// <summary>Creates the file for its owner only; if it exists, requires that nobody else can read it.</summary>
    /// <param name="connectionString">The connection string. The folder of the file must exist.</param>
    /// <param name="pageSize">The size of the database's pages in bytes.</param>
    /// <exception cref="OperatorException">Others can read or write the file.</exception>
    public static void Create(string connectionString, int pageSize = PageSize)
    {
        var file = FileOf(connectionString);
        try
        {
            if (File.Exists(file))
            {
                PrivateFile.Require(file);
                return;
            }
            PrivateFile.Create(file).Dispose();
        }
        catch (IOException) when (File.Exists(file))
        {
            // Another process created it first.
            return;
        }
        // The file must not stay empty: Entity Framework checks on a read-only connection whether it exists, where
        // setting the journal mode of an empty file would fail.
        using var connection = new SqliteConnection(connectionString);
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // It contains only a number.
        command.CommandText = $"PRAGMA page_size = {pageSize}; PRAGMA journal_mode = WAL";
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    /// <summary>Registers the contexts of requests, whose writes pass through a <see cref="WriterGate"/>.</summary>
    /// <param name="services">The services.</param>
    /// <param name="connectionString">
    /// The connection string. Its <c>Default Timeout</c> is how long a write waits for those before it.
    /// </param>
    /// <param name="pageSize">The page size in bytes of a new database.</param>
    public static void AddSqliteContexts<TContext, TSqliteContext>(
        this IServiceCollection services, string connectionString, int pageSize = PageSize)
        where TContext : class
        where TSqliteContext : DbContext, TContext
    {
        services.AddSingleton(_ => new WriterGate(LongestWait(connectionString)));
        services.AddDbContextPool<TContext, TSqliteContext>((provider, db) =>
        {
            Create(connectionString, pageSize);
            db.UseSqliteFile(connectionString)
                .AddInterceptors(provider.GetRequiredService<WriterGate>())
                .ReplaceService<IRelationalTransactionFactory, GatedTransactions>();
        });
    }

    private static TimeSpan LongestWait(string connectionString) =>
        new SqliteConnectionStringBuilder(connectionString).DefaultTimeout is var seconds and > 0
            ? TimeSpan.FromSeconds(seconds)
            : Timeout.InfiniteTimeSpan;

    /// <summary>Makes a context use a SQLite database, with the settings of this product.</summary>
    public static DbContextOptionsBuilder UseSqliteFile(this DbContextOptionsBuilder db, string connectionString) =>
        db.UseSqlite(connectionString).AddInterceptors(new SqliteConnections());

    /// <summary>
    /// Gives a new context a plain connection, and each of its saves a transaction, so that it enters the
    /// <see cref="WriterGate"/>. Whenever Entity Framework opens a connection of its own, it registers a dozen
    /// functions, which costs more than most queries and is used by none of ours.
    /// </summary>
    public static void UsePlainConnection(this DatabaseFacade database)
    {
        database.SetDbConnection(new SqliteConnection(database.GetConnectionString()), contextOwnsConnection: true);
        database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
    }
}
