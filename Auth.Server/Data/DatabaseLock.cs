using Shared.Hosting;
using Shared.Hosting.Data;

namespace Auth.Server.Data;

/// <summary>
/// The right to a SQLite database for one process: the server holds it while it runs, a command while it works.
/// </summary>
internal static class DatabaseLock
{
    /// <exception cref="OperatorException">Another process has the database.</exception>
    public static IDisposable Take(string connectionString) => TryTake(connectionString)
        ?? throw new OperatorException(
            $"another Auth.Server uses the database {SqliteDatabase.FileOf(connectionString)}. Stop it first: SQLite "
            + "is for one process.");

    /// <summary>Null if another process has the database. PostgreSQL is for many processes, and locks rows.</summary>
    public static IDisposable? TryTake(string connectionString)
    {
        if (ConnectionStrings.IsPostgres(connectionString))
            return Stream.Null;
        var database = SqliteDatabase.FileOf(connectionString);
        Directory.CreateDirectory(Path.GetDirectoryName(database)!);
        return FileLock.TryTake($"{database}.lock");
    }
}
