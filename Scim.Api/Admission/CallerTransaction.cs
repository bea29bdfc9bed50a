using Microsoft.EntityFrameworkCore.Infrastructure;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Revocation;
using Shared.Hosting.Data;

namespace Scim.Api.Admission;

/// <summary>
/// A transaction that writes for a caller, who may lose access before it is committed. It takes two round trips to
/// PostgreSQL: <see cref="LockAndRead"/> and <see cref="Commit"/>.
/// </summary>
internal sealed class CallerTransaction : IAsyncDisposable
{
    private readonly ScimDbContext db;
    private readonly Caller caller;
    private readonly WriteTransaction transaction;

    private CallerTransaction(ScimDbContext db, Caller caller, WriteTransaction transaction) =>
        (this.db, this.caller, this.transaction) = (db, caller, transaction);

    /// <summary>
    /// Begins a transaction. If this node cannot be sure that the caller still has access, here or as the last step
    /// before COMMIT, the write is refused as one that can be retried (503).
    /// </summary>
    public static async Task<CallerTransaction> Begin(ScimDbContext db, Caller caller, CancellationToken cancellation)
    {
        var transaction = await db.BeginWrite(cancellation);
        try
        {
            var clock = db.GetService<EventClock>();
            if (caller.IntrospectedAt is { } reading)
            {
                transaction.Guard(
                    lastCheck: () => RequireAccess(clock.MayCommit(reading)),
                    ended: db.GetService<WritesInProgress>().Begin(caller.AccountId));
                // Events about a credential set raise the fence, which is checked below. Administrators have no set, so
                // the account's events are checked for them. Events for all accounts raise no fence: checked for both.
                RequireAccess(clock.IsCurrent(caller.CredentialSet is null ? caller.AccountId : null, reading));
            }
            return new(db, caller, transaction);
        }
        catch
        {
            await transaction.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Locks the account and its <see cref="Fence"/>, so that the fence cannot be raised before COMMIT, and reads. A
    /// caller whose set was replaced meanwhile is refused (401).
    /// </summary>
    /// <param name="statements">Adds the statements.</param>
    /// <param name="read">Reads their results.</param>
    /// <param name="cancellation">Cancels the statements.</param>
    public Task<T> LockAndRead<T>(
        Action<SqlBatch> statements, Func<SqlResults, Task<T>> read, CancellationToken cancellation) => Read(
        batch =>
        {
            // In this order: writers that wait for the account must not keep the fence from being raised.
            batch.LockAccount(caller.AccountId);
            batch.LockFence(caller.AccountId);
            statements(batch);
        },
        async results =>
        {
            await results.One(_ => true);
            var fence = await results.One(Fence.Read);
            if (caller.CredentialSet is { } set && fence?.Admits(set) is not true)
                throw new ScimException(TokenErrors.NoLongerActive());
            return await read(results);
        },
        cancellation);

    /// <summary>Reads more.</summary>
    public Task<T> Read<T>(
        Action<SqlBatch> statements, Func<SqlResults, Task<T>> read, CancellationToken cancellation) =>
        SqlBatch.Read(db, statements, read, cancellation);

    /// <summary>Writes and commits.</summary>
    public async Task Commit(Action<SqlBatch> statements, CancellationToken cancellation)
    {
        using var batch = SqlBatch.On(db);
        statements(batch);
        await transaction.Commit(batch, cancellation);
    }

    public ValueTask DisposeAsync() => transaction.DisposeAsync();

    private static void RequireAccess(bool isConfirmed)
    {
        if (!isConfirmed)
            throw new ScimException(TokenErrors.Unconfirmed());
    }
}
