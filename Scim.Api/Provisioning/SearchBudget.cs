using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using SQLitePCL;

namespace Scim.Api.Provisioning;

/// <summary>
/// Limits searches that no index serves: two at a time per account, and two seconds each for all of its statements,
/// including the wait. A search that takes longer is refused (400 <c>tooMany</c>, RFC 7644 §3.12).
/// </summary>
internal sealed class SearchBudget(TimeProvider time, TimeSpan? limit = null) : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private const int MaxConcurrent = 2;
    private const int MaxWaiting = 20;
    private const int SqliteInterrupt = 9;

    // After how many steps of its virtual machine SQLite asks whether to continue.
    private const int StepsBetweenChecks = 20_000;

    private readonly TimeSpan limit = limit ?? Limit;

    private readonly PartitionedRateLimiter<Guid> accounts = PartitionedRateLimiter.Create<Guid, Guid>(
        account => RateLimitPartition.GetConcurrencyLimiter(
            account, _ => new() { PermitLimit = MaxConcurrent, QueueLimit = MaxWaiting }));

    /// <summary>
    /// Runs a search of one or more statements, on the context's connection, within one budget. The search must pass
    /// its cancellation token to every statement.
    /// </summary>
    /// <param name="db">The context that searches.</param>
    /// <param name="accountId">The account whose budget is used.</param>
    /// <param name="remedy">A sentence that says what to request instead if the search takes too long.</param>
    /// <param name="search">The search.</param>
    /// <param name="cancellation">The caller's cancellation.</param>
    public async Task<T> Run<T>(
        ScimDbContext db,
        Guid accountId,
        string remedy,
        Func<CancellationToken, Task<T>> search,
        CancellationToken cancellation)
    {
        var begin = time.GetTimestamp();
        using var timeout = new CancellationTokenSource(limit, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            using var turn = await accounts.AcquireAsync(accountId, permitCount: 1, deadline.Token);
            if (!turn.IsAcquired)
                throw TooMany(remedy);
            return db.Database.IsNpgsql()
                ? await OnPostgres(db, search, limit - time.GetElapsedTime(begin), deadline.Token)
                : await OnSqlite(db, search, deadline.Token);
        }
        catch (Exception stopped) when (IsStopped(stopped) && !cancellation.IsCancellationRequested)
        {
            throw TooMany(remedy);
        }
    }

    public void Dispose() => accounts.Dispose();

    // The token cancels the running statement. If the cancellation is lost, the server's own timeout stops it.
    private static async Task<T> OnPostgres<T>(
        ScimDbContext db, Func<CancellationToken, Task<T>> search, TimeSpan left, CancellationToken deadline)
    {
        await using var transaction = await Begin(db, left, deadline);
        return await search(deadline);
    }

    private static async Task<IDbContextTransaction> Begin(ScimDbContext db, TimeSpan left, CancellationToken deadline)
    {
        try
        {
            var transaction = await db.Database.BeginTransactionAsync(deadline);
            var milliseconds = Math.Max(1, (int)left.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            await db.Database.ExecuteSqlAsync(
                $"SELECT set_config('statement_timeout', {milliseconds}, true)", deadline);
            return transaction;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            // The search has not begun, so it is not at fault.
            throw new TimeoutException("The database did not start a search in time.");
        }
    }

    // SQLite works on the caller's thread and knows no cancellation token, but calls a progress handler.
    private static async Task<T> OnSqlite<T>(
        ScimDbContext db, Func<CancellationToken, Task<T>> search, CancellationToken deadline)
    {
        await db.Database.OpenConnectionAsync(deadline);
        var handle = ((SqliteConnection)db.Database.GetDbConnection()).Handle!;
        try
        {
            raw.sqlite3_progress_handler(
                handle, StepsBetweenChecks, _ => deadline.IsCancellationRequested ? 1 : 0, null);
            return await search(deadline);
        }
        finally
        {
            raw.sqlite3_progress_handler(handle, 0, null, null);
            await db.Database.CloseConnectionAsync();
        }
    }

    private static bool IsStopped(Exception exception) => exception is OperationCanceledException
        or SqliteException { SqliteErrorCode: SqliteInterrupt }
        or PostgresException { SqlState: PostgresErrorCodes.QueryCanceled };

    private static ScimException TooMany(string remedy) => new(ScimError.TooMany(
        $"The search took longer than {Limit.TotalSeconds} seconds, the limit for one search. {remedy}"));
}
