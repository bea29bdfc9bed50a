using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Shared.Hosting.Data;

/// <summary>
/// A transaction that may write: on SQLite the only one at a time (see <see cref="WriterGate"/>). If it has not been
/// committed when it is disposed, it is rolled back.
/// </summary>
public sealed class WriteTransaction : IAsyncDisposable
{
    private readonly DbContext db;
    private readonly IDbContextTransaction transaction;
    private Action? lastCheck;
    private Action? ended;

    private WriteTransaction(DbContext db, IDbContextTransaction transaction) =>
        (this.db, this.transaction) = (db, transaction);

    /// <summary>Begins a transaction.</summary>
    /// <exception cref="InvalidOperationException">The context already has a transaction.</exception>
    public static async Task<WriteTransaction> Begin(DbContext db, CancellationToken cancellation)
    {
        if (db.Database.CurrentTransaction is not null)
            throw new InvalidOperationException("This context already has a transaction.");
        var connection = db.Database.GetDbConnection();
        var gate = WriterGate.Of(db);
        // Wait for the other writers before the connection is opened, so that the pool gives this one the connection
        // that they have just used: SQLite still has the pages in its memory that writers need.
        if (gate is not null)
            await gate.Enter(connection, cancellation);
        try
        {
            await db.Database.OpenConnectionAsync(cancellation);
            return new(db, await db.Database.BeginTransactionAsync(cancellation));
        }
        catch
        {
            await db.Database.CloseConnectionAsync();
            if (gate?.Writer == connection)
                gate.Leave();
            throw;
        }
    }

    /// <summary>
    /// Registers a check immediately before COMMIT, which throws if the transaction must not be committed, and a
    /// callback for when the transaction has ended.
    /// </summary>
    public void Guard(Action lastCheck, Action ended) => (this.lastCheck, this.ended) = (lastCheck, ended);

    /// <summary>Commits what was written.</summary>
    public Task Commit(CancellationToken cancellation)
    {
        lastCheck?.Invoke();
        return transaction.CommitAsync(cancellation);
    }

    /// <summary>
    /// Runs the last statements and commits, in one round trip on PostgreSQL. If it fails, nothing is written.
    /// </summary>
    public Task Commit(SqlBatch writes, CancellationToken cancellation)
    {
        lastCheck?.Invoke();
        return writes.Commit(Commit, cancellation);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        try
        {
            await transaction.DisposeAsync();
            await db.Database.CloseConnectionAsync();
        }
        finally
        {
            ended?.Invoke();
        }
    }
}
