using Microsoft.EntityFrameworkCore.Storage;

namespace Scim.Api.Data;

/// <summary>
/// A transaction that may write; it holds the <see cref="WriterGate"/> until it is disposed. What is not committed
/// by then is rolled back.
/// </summary>
internal sealed class WriteTransaction(IDbContextTransaction transaction, WriterGate gate) : IAsyncDisposable
{
    private Action? lastCheck;
    private Action? ended;

    /// <summary>
    /// Asks for a check, which throws, immediately before COMMIT, and to be told when the transaction has ended.
    /// </summary>
    public void Guard(Action lastCheck, Action ended) => (this.lastCheck, this.ended) = (lastCheck, ended);

    public Task Commit(CancellationToken cancellation)
    {
        lastCheck?.Invoke();
        return transaction.CommitAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await transaction.DisposeAsync();
        }
        finally
        {
            gate.Leave();
            ended?.Invoke();
        }
    }
}
