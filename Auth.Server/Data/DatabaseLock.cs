using Shared.Hosting;
using Shared.Hosting.Data;

namespace Auth.Server.Data;

/// <summary>
/// The exclusive right of one process to use a SQLite database: the server holds it while it runs, a
/// command while it is executed.
/// </summary>
internal static class DatabaseLock
{
    /// <exception cref="OperatorException">Another process uses the database.</exception>
    public static IDisposable Take(string connectionString) => TryTake(connectionString)
        ?? throw new OperatorException(
            $"another Auth.Server uses the database {SqliteDatabase.FileOf(connectionString)}. Stop it first: "
            + "only one process can use a SQLite database.");

    /// <summary>
    /// Takes the lock; null if another process has it. PostgreSQL needs no such lock: it serves many processes.
    /// </summary>
    public static IDisposable? TryTake(string connectionString)
    {
        if (ConnectionStrings.IsPostgres(connectionString))
            return Stream.Null;
        var database = SqliteDatabase.FileOf(connectionString);
        Directory.CreateDirectory(Path.GetDirectoryName(database)!);
        return FileLock.TryTake($"{database}.lock");
    }
}
