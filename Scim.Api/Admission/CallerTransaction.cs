using Microsoft.EntityFrameworkCore.Infrastructure;
using Npgsql;
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
    private readonly EventClock clock;
    private readonly TimeProvider time;
    private readonly WriteTransaction transaction;

    /// <summary>
    /// PostgreSQL's time when the account was locked, and this node's monotonic time when it had the answer.
    /// </summary>
    private (DateTime There, long Here)? locked;

    private CallerTransaction(ScimDbContext db, Caller caller, WriteTransaction transaction)
    {
        (this.db, this.caller, this.transaction) = (db, caller, transaction);
        (clock, time) = (db.GetService<EventClock>(), db.GetService<TimeProvider>());
    }

    /// <summary>
    /// Begins a transaction. If this node cannot be sure that the caller still has access, here or as the last step
    /// before COMMIT, the write is refused as one that can be retried (503).
    /// </summary>
    public static async Task<CallerTransaction> Begin(ScimDbContext db, Caller caller, CancellationToken cancellation)
    {
        var transaction = await db.BeginWrite(cancellation);
        try
        {
            var write = new CallerTransaction(db, caller, transaction);
            if (caller.IntrospectedAt is { } reading)
            {
                transaction.Guard(
                    lastCheck: () => RequireAccess(
                        write.clock.MayCommitFor(reading, since: write.time.GetTimestamp()) > TimeSpan.Zero),
                    ended: db.GetService<WritesInProgress>().Begin(caller.AccountId));
                // Events about a credential set raise the fence, which is checked below. Administrators have no set, so
                // the account's events are checked for them. Events for all accounts raise no fence: checked for both.
                RequireAccess(write.clock.IsCurrent(caller.CredentialSet is null ? caller.AccountId : null, reading));
            }
            return write;
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
            if (await results.One(AccountLock.ReadTime) is { } there)
                locked = (there, time.GetTimestamp());
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
        // This node may be frozen after its last check. PostgreSQL makes it again when it is about to commit.
        if (caller.IntrospectedAt is { } reading && locked is { } at)
            batch.Add(
                "SELECT 1 / (clock_timestamp() < $1)::int", at.There + clock.MayCommitFor(reading, since: at.Here));
        try
        {
            await transaction.Commit(batch, cancellation);
        }
        catch (PostgresException late) when (late.SqlState == PostgresErrorCodes.DivisionByZero)
        {
            throw new ScimException(TokenErrors.Unconfirmed());
        }
    }

    public ValueTask DisposeAsync() => transaction.DisposeAsync();

    private static void RequireAccess(bool isConfirmed)
    {
        if (!isConfirmed)
            throw new ScimException(TokenErrors.Unconfirmed());
    }
}
