using Microsoft.EntityFrameworkCore.Storage;

namespace Auth.Server.Data;

/// <summary>
/// A transaction that may write; it holds the <see cref="WriterGate"/> until it is disposed. What is not committed
/// by then is rolled back.
/// </summary>
internal sealed class WriteTransaction(IDbContextTransaction transaction, WriterGate gate) : IAsyncDisposable
{
    public Task Commit(CancellationToken cancellation) => transaction.CommitAsync(cancellation);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await transaction.DisposeAsync();
        }
        finally
        {
            gate.Leave();
        }
    }
}
