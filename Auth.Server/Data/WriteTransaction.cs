using Microsoft.EntityFrameworkCore.Storage;

namespace Auth.Server.Data;

/// <summary>A transaction that may write. What is not committed when it is disposed is rolled back.</summary>
internal sealed class WriteTransaction(IDbContextTransaction transaction) : IAsyncDisposable
{
    public Task Commit(CancellationToken cancellation) => transaction.CommitAsync(cancellation);

    public ValueTask DisposeAsync() => transaction.DisposeAsync();
}
