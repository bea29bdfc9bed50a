using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Storage;

namespace Auth.Server.Data;

/// <summary>
/// Lets one writer at a time into SQLite, in the order of arrival, so that writers of this process wait here instead
/// of polling a locked database. Entity Framework enters it whenever it begins a transaction and, outside of one, for
/// each statement that returns no rows; no caller has to remember it. PostgreSQL has row locks and needs no gate.
/// </summary>
internal sealed class WriterGate : DbCommandInterceptor, IDbTransactionInterceptor, IDisposable
{
    // As long as SQLite itself waits for another process. Whoever waits without a thread of its own has a cancellation.
    private static readonly TimeSpan longestBlockingWait = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim semaphore = new(1, 1);

    /// <summary>The connection that writes now, or null.</summary>
    public DbConnection? Writer { get; private set; }

    /// <inheritdoc />
    public async ValueTask<InterceptionResult<DbTransaction>> TransactionStartingAsync(
        DbConnection connection,
        TransactionStartingEventData eventData,
        InterceptionResult<DbTransaction> result,
        CancellationToken cancellationToken = default)
    {
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

    /// <summary>Queries read rows; a scalar is what migrations get their lock with.</summary>
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

    private async ValueTask<InterceptionResult<T>> Run<T>(
        DbCommand command, InterceptionResult<T> result, Func<Task<T>> execute, CancellationToken cancellation)
    {
        // Its transaction has entered.
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

    private async Task Enter(DbConnection connection, CancellationToken cancellation)
    {
        await semaphore.WaitAsync(cancellation);
        Writer = connection;
    }

    private void EnterBlocking(DbConnection connection)
    {
        // Data Protection saves its keys like this, perhaps for a caller that is the writer itself.
        if (!semaphore.Wait(longestBlockingWait))
            throw new TimeoutException("Another write to the database took too long.");
        Writer = connection;
    }

    private void Leave()
    {
        Writer = null;
        semaphore.Release();
    }

    /// <summary>Makes transactions that leave the gate when they end, however they end.</summary>
    internal sealed class TransactionFactory(RelationalTransactionFactoryDependencies dependencies)
        : RelationalTransactionFactory(dependencies)
    {
        public override RelationalTransaction Create(
            IRelationalConnection connection,
            DbTransaction transaction,
            Guid transactionId,
            IDiagnosticsLogger<DbLoggerCategory.Database.Transaction> logger,
            bool transactionOwned) => new Transaction(
                connection, transaction, transactionId, logger, transactionOwned, Dependencies.SqlGenerationHelper,
                connection.Context.GetService<WriterGate>());
    }

    private sealed class Transaction(
        IRelationalConnection connection,
        DbTransaction transaction,
        Guid id,
        IDiagnosticsLogger<DbLoggerCategory.Database.Transaction> logger,
        bool owned,
        ISqlGenerationHelper sql,
        WriterGate gate) : RelationalTransaction(connection, transaction, id, logger, owned, sql)
    {
        private int left;

        public override void Dispose()
        {
            try
            {
                base.Dispose();
            }
            finally
            {
                Leave();
            }
        }

        public override async ValueTask DisposeAsync()
        {
            try
            {
                await base.DisposeAsync();
            }
            finally
            {
                Leave();
            }
        }

        /// <summary>After a commit or rollback, perhaps long before it is disposed.</summary>
        protected override void ClearTransaction()
        {
            Leave();
            base.ClearTransaction();
        }

        protected override Task ClearTransactionAsync(CancellationToken cancellationToken = default)
        {
            Leave();
            return base.ClearTransactionAsync(cancellationToken);
        }

        private void Leave()
        {
            if (Interlocked.Exchange(ref left, 1) == 0)
                gate.Leave();
        }
    }
}
