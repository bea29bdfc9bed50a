using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.Extensions.Caching.Memory;

namespace Auth.Server.Administrators;

/// <summary>
/// The failures counted in a <see cref="SignInBudget"/>, stored as the time at which the last of them expires. Each
/// failure moves that time forward by a quarter of an hour.
/// </summary>
internal sealed class SignInAttempts
{
    /// <summary>How long after a wait an attempt is checked without another wait.</summary>
    public static readonly TimeSpan TimeToReturn = TimeSpan.FromHours(1);

    public required string Key { get; init; }

    /// <summary>When all failures have expired, UTC.</summary>
    public required DateTime ForgottenAt { get; set; }

    /// <summary>Attempts before this time are not checked, UTC; null if there was never a wait.</summary>
    public DateTime? BlockedUntil { get; set; }

    /// <summary>Whether a wait is over, but not for long.</summary>
    public bool HasWaited(DateTime now) => BlockedUntil <= now && BlockedUntil > now - TimeToReturn;

    /// <summary>The number of failures that have not expired at a time.</summary>
    public int FailuresAt(DateTime now) => ForgottenAt <= now
        ? 0
        : (int)Math.Round((ForgottenAt - now) / SignInBudget.ForgottenAfter, MidpointRounding.AwayFromZero);

    /// <summary>Adds a failure, up to a maximum number.</summary>
    public void AddFailure(DateTime now, int maxCounted)
    {
        var next = (ForgottenAt > now ? ForgottenAt : now) + SignInBudget.ForgottenAfter;
        var last = now + (maxCounted * SignInBudget.ForgottenAfter);
        ForgottenAt = next < last ? next : last;
    }

    internal sealed class Configuration : IEntityTypeConfiguration<SignInAttempts>
    {
        public void Configure(EntityTypeBuilder<SignInAttempts> attempts)
        {
            attempts.ToTable("SignInAttempts");
            attempts.HasKey(a => a.Key);
        }
    }
}

/// <summary>Whether the password or code of an attempt may be checked.</summary>
/// <param name="Wait">How long to wait before the next attempt; null if this one may be checked.</param>
/// <param name="WaitIfWrong">How long to wait if it is wrong; null if there is no wait.</param>
internal sealed record Admission(TimeSpan? Wait, TimeSpan? WaitIfWrong = null);

/// <summary>
/// Caches waits on this node, so that a fast guesser costs one query every few seconds instead of one per attempt. The
/// entries are short-lived, because an attempt that is being checked may succeed and end the wait.
/// </summary>
internal sealed class SignInWaitCache(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan lifetime = TimeSpan.FromSeconds(5);

    private readonly MemoryCache ends = new(new MemoryCacheOptions { SizeLimit = 10_000 });

    public TimeSpan? Of(IEnumerable<SignInBudget> budgets)
    {
        var now = time.GetUtcNow().UtcDateTime;
        foreach (var budget in budgets)
        {
            if (ends.TryGetValue(budget.Key, out DateTime end) && end > now)
                return end - now;
        }
        return null;
    }

    public void Add(SignInBudget budget, DateTime end) => ends.Set(
        budget.Key,
        end,
        new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = lifetime });

    public void Remove(SignInBudget budget) => ends.Remove(budget.Key);

    public void Dispose() => ends.Dispose();
}

/// <summary>
/// Throttles failed sign-ins with increasing waits (<see cref="SignInBudget"/>). A wait applies to one browser, or to
/// one address in one network: after the required wait, the next attempt is checked, however fast others guess. Too
/// many failures with an address, from any networks, make each network wait, for at most a minute. Too many failures
/// from a network do not delay anybody whose password is right.
/// </summary>
internal sealed class SignInThrottle(AuthDbContext db, SignInWaitCache waits, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>
    /// Decides whether an attempt may be checked, and if so records a failure. The failure is recorded before the
    /// check, so that parallel attempts are counted one by one; <see cref="RecordSuccess"/> removes it again.
    /// </summary>
    public async Task<Admission> RecordAttempt(IReadOnlyList<SignInBudget> budgets, CancellationToken cancellation)
    {
        if (waits.Of(budgets) is { } wait)
            return new(wait);
        await using var transaction = await db.BeginWrite(cancellation);
        var attempts = await Lock(budgets, cancellation);
        // Read after locking: whoever had the locks before may have stored a later time.
        var now = Now;
        var own = attempts[BudgetScope.Single];
        if (own.Attempts.BlockedUntil > now)
        {
            waits.Add(own.Budget, own.Attempts.BlockedUntil.Value);
            return new(own.Attempts.BlockedUntil - now);
        }

        var admission = Count(attempts, now);
        foreach (var (_, counted) in attempts.Values)
            await Save(counted, cancellation);
        await transaction.Commit(cancellation);
        return admission;
    }

    /// <summary>
    /// Removes the failure that was recorded for a successful attempt, and, in the attempt's single budget, all
    /// earlier failures.
    /// </summary>
    /// <param name="budgets">The budgets of the attempt.</param>
    /// <param name="all">False if other passwords are counted in the same budget, so earlier failures remain.</param>
    /// <param name="cancellation">Cancels the write.</param>
    public async Task RecordSuccess(IReadOnlyList<SignInBudget> budgets, bool all, CancellationToken cancellation)
    {
        await using var transaction = await db.BeginWrite(cancellation);
        foreach (var (budget, attempts) in (await Lock(budgets, cancellation)).Values)
        {
            if (budget.Scope == BudgetScope.Single && all)
            {
                await db.SignInAttempts.Where(a => a.Key == budget.Key).ExecuteDeleteAsync(cancellation);
                continue;
            }
            attempts.ForgottenAt -= SignInBudget.ForgottenAfter;
            attempts.BlockedUntil = null;
            await Save(attempts, cancellation);
        }
        await transaction.Commit(cancellation);
        foreach (var budget in budgets)
            waits.Remove(budget);
    }

    private static Admission Count(
        Dictionary<BudgetScope, (SignInBudget Budget, SignInAttempts Attempts)> attempts, DateTime now)
    {
        var (ownBudget, own) = attempts[BudgetScope.Single];
        var (wait, waitIfWrong) = (TimeSpan.Zero, TimeSpan.Zero);
        if (attempts.TryGetValue(BudgetScope.Address, out var address))
        {
            wait = address.Budget.WaitAfter(address.Attempts.FailuresAt(now));
            address.Attempts.AddFailure(now, address.Budget.MaxCounted);
            // The first attempt must wait, too; the next one is then checked.
            if (wait > TimeSpan.Zero && !own.HasWaited(now))
            {
                own.BlockedUntil = now + wait;
                return new(wait);
            }
        }
        if (attempts.TryGetValue(BudgetScope.Network, out var network))
        {
            waitIfWrong = network.Budget.WaitAfter(network.Attempts.FailuresAt(now));
            network.Attempts.AddFailure(now, network.Budget.MaxCounted);
        }

        own.AddFailure(now, ownBudget.MaxCounted);
        var ownWait = ownBudget.WaitAfter(own.FailuresAt(now));
        wait = ownWait > wait ? ownWait : wait;
        // If there is no wait, store none: another node, whose clock is behind, could take "now" for one.
        if (wait > TimeSpan.Zero)
            own.BlockedUntil = now + wait;
        return new(Wait: null, waitIfWrong > TimeSpan.Zero ? waitIfWrong : null);
    }

    /// <summary>Inserts or locks the rows until the transaction ends. Parallel attempts wait here.</summary>
    private async Task<Dictionary<BudgetScope, (SignInBudget Budget, SignInAttempts Attempts)>> Lock(
        IReadOnlyList<SignInBudget> budgets, CancellationToken cancellation)
    {
        var locked = new Dictionary<BudgetScope, (SignInBudget Budget, SignInAttempts Attempts)>();
        // Always in the same order, to avoid deadlocks.
        foreach (var budget in budgets.OrderBy(budget => budget.Key, StringComparer.Ordinal))
        {
            await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO "SignInAttempts" ("Key", "ForgottenAt", "BlockedUntil") VALUES ({budget.Key}, {Now}, NULL)
                ON CONFLICT ("Key") DO UPDATE SET "ForgottenAt" = "SignInAttempts"."ForgottenAt"
                """,
                cancellation);
            var attempts = await db.SignInAttempts.AsNoTracking()
                .SingleAsync(attempts => attempts.Key == budget.Key, cancellation);
            locked.Add(budget.Scope, (budget, attempts));
        }
        return locked;
    }

    private Task<int> Save(SignInAttempts attempts, CancellationToken cancellation) =>
        db.SignInAttempts.Where(a => a.Key == attempts.Key).ExecuteUpdateAsync(
            change => change.SetProperty(a => a.ForgottenAt, attempts.ForgottenAt)
                .SetProperty(a => a.BlockedUntil, attempts.BlockedUntil),
            cancellation);
}

/// <summary>The table of failed sign-ins.</summary>
internal static class SignInAttemptTables
{
    extension(AuthDbContext db)
    {
        public DbSet<SignInAttempts> SignInAttempts => db.Set<SignInAttempts>();
    }
}
