using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using SQLitePCL;

namespace Scim.Api.Users.Search;

/// <summary>
/// What a search that no index serves may take of the database: two at a time of an account, and two seconds each, the
/// waiting included. A search that wants more is refused (400 <c>tooMany</c>, RFC 7644 §3.12).
/// </summary>
internal sealed class SearchBudget : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private const int AtOnce = 2;
    private const int Waiting = 20;
    private const int SqliteInterrupt = 9;

    // How many steps of its virtual machine SQLite takes before it asks whether to go on.
    private const int StepsBetweenChecks = 20_000;

    private readonly PartitionedRateLimiter<Guid> accounts = PartitionedRateLimiter.Create<Guid, Guid>(
        account => RateLimitPartition.GetConcurrencyLimiter(
            account, _ => new() { PermitLimit = AtOnce, QueueLimit = Waiting }));

    /// <summary>Runs a search on the context's connection within the budget.</summary>
    public async Task<T> Run<T>(
        ScimDbContext db, Guid accountId, Func<CancellationToken, Task<T>> search, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(Limit);
        try
        {
            using var turn = await accounts.AcquireAsync(accountId, permitCount: 1, deadline.Token);
            if (!turn.IsAcquired)
                throw TooMany();
            return db.Database.IsNpgsql()
                ? await OnPostgres(db, search, deadline.Token)
                : await OnSqlite(db, search, deadline.Token);
        }
        catch (Exception stopped) when (IsStopped(stopped) && !cancellation.IsCancellationRequested)
        {
            throw TooMany();
        }
    }

    public void Dispose() => accounts.Dispose();

    private static async Task<T> OnPostgres<T>(
        ScimDbContext db, Func<CancellationToken, Task<T>> search, CancellationToken deadline)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(deadline);
        var milliseconds = Limit.TotalMilliseconds.ToString(CultureInfo.InvariantCulture);
        await db.Database.ExecuteSqlAsync($"SELECT set_config('statement_timeout', {milliseconds}, true)", deadline);
        return await search(deadline);
    }

    // SQLite works on the caller's thread and hears of no token, but asks now and then.
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

    private static ScimException TooMany() => new(ScimError.TooMany(
        $"The search took more than the {Limit.TotalSeconds} seconds that one may take. Compare userName, externalId, "
        + "id or the value of emails by eq, or ask for fewer users."));
}
