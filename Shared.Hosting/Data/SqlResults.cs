using System.Data.Common;

namespace Shared.Hosting.Data;

/// <summary>
/// The results of a <see cref="SqlBatch"/>: one for each statement that returns rows, in order. Each call reads the
/// next result.
/// </summary>
public sealed class SqlResults : IAsyncDisposable
{
    private readonly Func<Task<DbDataReader?>> next;
    private readonly CancellationToken cancellation;
    private DbDataReader? current;

    internal SqlResults(DbDataReader? first, Func<Task<DbDataReader?>> next, CancellationToken cancellation) =>
        (current, this.next, this.cancellation) = (first, next, cancellation);

    /// <summary>Reads a result with at most one row; the default of the type if there is none.</summary>
    public async Task<T?> One<T>(Func<DbDataReader, T> read)
    {
        var rows = await All(read);
        return rows.Count > 0 ? rows[0] : default;
    }

    /// <summary>Reads all rows of a result.</summary>
    public async Task<IReadOnlyList<T>> All<T>(Func<DbDataReader, T> read)
    {
        var reader = current ?? throw new InvalidOperationException("No statement is left that returns rows.");
        List<T>? rows = null;
        while (await reader.ReadAsync(cancellation))
            (rows ??= []).Add(read(reader));
        current = await next();
        if (current != reader)
            await reader.DisposeAsync();
        return rows ?? (IReadOnlyList<T>)[];
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => current?.DisposeAsync() ?? ValueTask.CompletedTask;
}
