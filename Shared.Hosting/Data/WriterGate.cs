using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Shared.Hosting.Data;

/// <summary>
/// Lets one writer at a time into SQLite, in the order of arrival, so that writers of this process wait here instead
/// of polling a locked database. Entity Framework enters it when it begins a transaction and, outside of one, for each
/// statement that returns no rows, so callers need not enter it. PostgreSQL has row locks and needs no gate.
/// </summary>
/// <param name="longestWait">
/// How long a writer waits for those before it. Then its write fails with a <see cref="TimeoutException"/>, which is an
/// outage of the database (<see cref="DatabaseOutage"/>).
/// </param>
public sealed class WriterGate(TimeSpan longestWait) : DbCommandInterceptor, IDbTransactionInterceptor, IDisposable
{
    private readonly SemaphoreSlim semaphore = new(1, 1);

    /// <summary>The connection that is writing, or null.</summary>
    public DbConnection? Writer { get; private set; }

    /// <summary>The gate of a context; null if it has none, like contexts for PostgreSQL.</summary>
    internal static WriterGate? Of(DbContext db) => db.GetService<IDbContextOptions>()
        .FindExtension<CoreOptionsExtension>()?.Interceptors?.OfType<WriterGate>().SingleOrDefault();

    /// <inheritdoc />
    public async ValueTask<InterceptionResult<DbTransaction>> TransactionStartingAsync(
        DbConnection connection,
        TransactionStartingEventData eventData,
        InterceptionResult<DbTransaction> result,
        CancellationToken cancellationToken = default)
    {
        // WriteTransaction has entered before it opened the connection.
        if (Writer != connection)
            await Enter(connection, cancellationToken);
        try
        {
            return InterceptionResult<DbTransaction>.SuppressWithResult(
                await connection.BeginTransactionAsync(eventData.IsolationLevel, cancellationToken));
        }
        catch
        {
            Leave();
            throw;
        }
    }

    /// <inheritdoc />
    public InterceptionResult<DbTransaction> TransactionStarting(
        DbConnection connection, TransactionStartingEventData eventData, InterceptionResult<DbTransaction> result)
    {
        EnterBlocking(connection);
        try
        {
            return InterceptionResult<DbTransaction>.SuppressWithResult(
                connection.BeginTransaction(eventData.IsolationLevel));
        }
        catch
        {
            Leave();
            throw;
        }
    }

    /// <inheritdoc />
    public override ValueTask<InterceptionResult<int>> NonQueryExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<int> result,
        CancellationToken cancellationToken = default) =>
        Run(command, result, () => command.ExecuteNonQueryAsync(cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override InterceptionResult<int> NonQueryExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<int> result) =>
        RunBlocking(command, result, command.ExecuteNonQuery);

    /// <summary>Queries read rows, so a scalar is a write: migrations take Entity Framework's lock with one.</summary>
    public override ValueTask<InterceptionResult<object>> ScalarExecutingAsync(
        DbCommand command,
        CommandEventData eventData,
        InterceptionResult<object> result,
        CancellationToken cancellationToken = default) =>
        Run(command, result, () => command.ExecuteScalarAsync(cancellationToken)!, cancellationToken);

    /// <inheritdoc cref="ScalarExecutingAsync" />
    public override InterceptionResult<object> ScalarExecuting(
        DbCommand command, CommandEventData eventData, InterceptionResult<object> result) =>
        RunBlocking(command, result, () => command.ExecuteScalar()!);

    /// <inheritdoc />
    public void Dispose() => semaphore.Dispose();

    /// <summary>Lets the next writer in.</summary>
    internal void Leave()
    {
        Writer = null;
        semaphore.Release();
    }

    private async ValueTask<InterceptionResult<T>> Run<T>(
        DbCommand command, InterceptionResult<T> result, Func<Task<T>> execute, CancellationToken cancellation)
    {
        // Its transaction has already entered.
        if (command.Transaction is not null)
            return result;
        await Enter(command.Connection!, cancellation);
        try
        {
            return InterceptionResult<T>.SuppressWithResult(await execute());
        }
        finally
        {
            Leave();
        }
    }

    private InterceptionResult<T> RunBlocking<T>(DbCommand command, InterceptionResult<T> result, Func<T> execute)
    {
        if (command.Transaction is not null)
            return result;
        EnterBlocking(command.Connection!);
        try
        {
            return InterceptionResult<T>.SuppressWithResult(execute());
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Waits for the writers before this one.</summary>
    internal async Task Enter(DbConnection connection, CancellationToken cancellation)
    {
        if (!await semaphore.WaitAsync(longestWait, cancellation))
            throw TookTooLong();
        Writer = connection;
    }

    // Data Protection saves its keys synchronously, possibly on behalf of a caller that is itself the writer.
    private void EnterBlocking(DbConnection connection)
    {
        if (!semaphore.Wait(longestWait))
            throw TookTooLong();
        Writer = connection;
    }

    private TimeoutException TookTooLong() =>
        new($"Earlier writes took longer than {longestWait.TotalSeconds} seconds.");
}
