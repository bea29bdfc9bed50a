using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;

namespace Shared.Hosting.Data;

/// <summary>
/// A transaction that may write: on SQLite the only one at a time (see <see cref="WriterGate"/>). If it has not been
/// committed when it is disposed, it is rolled back.
/// </summary>
public sealed class WriteTransaction : IAsyncDisposable
{
    private readonly IDbContextTransaction transaction;
    private Action? lastCheck;
    private Action? ended;

    private WriteTransaction(IDbContextTransaction transaction) => this.transaction = transaction;

    /// <summary>Begins a transaction.</summary>
    /// <exception cref="InvalidOperationException">The context already has a transaction.</exception>
    public static async Task<WriteTransaction> Begin(DbContext db, CancellationToken cancellation)
    {
        if (db.Database.CurrentTransaction is not null)
            throw new InvalidOperationException("This context already has a transaction.");
        return new(await db.Database.BeginTransactionAsync(cancellation));
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
        }
        finally
        {
            ended?.Invoke();
        }
    }
}
