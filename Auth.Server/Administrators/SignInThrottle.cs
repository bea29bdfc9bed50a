using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.Extensions.Caching.Memory;

namespace Auth.Server.Administrators;

/// <summary>
/// The failures that are counted in a <see cref="SignInBudget"/>, stored as the time at which the last of them will be
/// forgotten. Each failure moves that time by a quarter of an hour, so that failures are forgotten continuously.
/// </summary>
internal sealed class SignInAttempts
{
    /// <summary>How long after an imposed wait an attempt is checked without another wait.</summary>
    public static readonly TimeSpan TimeToReturn = TimeSpan.FromHours(1);

    public required string Key { get; init; }

    /// <summary>When no failure is left, UTC.</summary>
    public required DateTime ForgottenAt { get; set; }

    /// <summary>
    /// Attempts before this time are not checked, and one after it is, UTC; null if no wait was ever imposed.
    /// </summary>
    public DateTime? BlockedUntil { get; set; }

    /// <summary>Whether a wait was imposed that is over, but not long ago.</summary>
    public bool HasWaited(DateTime now) => BlockedUntil <= now && BlockedUntil > now - TimeToReturn;

    /// <summary>The failures that are not forgotten at a time.</summary>
    public int FailuresAt(DateTime now) => ForgottenAt <= now
        ? 0
        : (int)Math.Round((ForgottenAt - now) / SignInBudget.ForgottenAfter, MidpointRounding.AwayFromZero);

    /// <summary>Adds a failure, up to the most that are counted.</summary>
    public void AddFailure(DateTime now, int most)
    {
        var next = (ForgottenAt > now ? ForgottenAt : now) + SignInBudget.ForgottenAfter;
        var last = now + (most * SignInBudget.ForgottenAfter);
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

/// <summary>Whether an attempt is checked.</summary>
/// <param name="Wait">How long to wait until it is; null if it is checked now.</param>
/// <param name="WaitIfWrong">How long to wait after it if it is wrong; null if there is no wait.</param>
internal sealed record Admission(TimeSpan? Wait, TimeSpan? WaitIfWrong = null);

/// <summary>
/// The waits that this node knows of, so that a fast guesser costs a query every few seconds and not with each attempt.
/// They are cached briefly, as an attempt that is being checked may turn out right and end the wait.
/// </summary>
internal sealed class SignInWaitCache(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan memory = TimeSpan.FromSeconds(5);

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
        new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = memory });

    public void Remove(SignInBudget budget) => ends.Remove(budget.Key);

    public void Dispose() => ends.Dispose();
}

/// <summary>
/// Slows failed sign-ins down, with longer and longer waits (<see cref="SignInBudget"/>). A wait is always that of one
/// browser, or of one address in one network: whoever has waited as long as required is checked next, however fast
/// others guess. Too many failures with an address, from any network, make each network wait a minute at most. Too many
/// failures of a network delay nobody whose password is right.
/// </summary>
internal sealed class SignInThrottle(AuthDbContext db, SignInWaitCache known, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>
    /// Whether an attempt is checked; if so, one more failure has been recorded. It is counted before the check, so
    /// that parallel attempts count one by one; the failure of a right one is taken back.
    /// </summary>
    public async Task<Admission> RecordAttempt(IReadOnlyList<SignInBudget> budgets, CancellationToken cancellation)
    {
        if (known.Of(budgets) is { } wait)
            return new(wait);
        await using var transaction = await db.BeginWrite(cancellation);
        var attempts = await Lock(budgets, cancellation);
        // Not before: whoever had the locks may have written down a later time.
        var now = Now;
        var own = attempts[BudgetScope.One];
        if (own.Attempts.BlockedUntil > now)
        {
            known.Add(own.SignInBudget, own.Attempts.BlockedUntil.Value);
            return new(own.Attempts.BlockedUntil - now);
        }

        var admission = Count(attempts, now);
        foreach (var (_, counted) in attempts.Values)
            await Save(counted, cancellation);
        await transaction.Commit(cancellation);
        return admission;
    }

    /// <summary>
    /// Takes back the failure that was counted for an attempt that was right; in its own budget also all failures
    /// before it, unless other passwords are tried in the same budget.
    /// </summary>
    public async Task RecordSuccess(IReadOnlyList<SignInBudget> budgets, bool all, CancellationToken cancellation)
    {
        await using var transaction = await db.BeginWrite(cancellation);
        foreach (var (budget, attempts) in (await Lock(budgets, cancellation)).Values)
        {
            if (budget.Of == BudgetScope.One && all)
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
            known.Remove(budget);
    }

    private static Admission Count(
        Dictionary<BudgetScope, (SignInBudget SignInBudget, SignInAttempts Attempts)> attempts, DateTime now)
    {
        var (ownBudget, own) = attempts[BudgetScope.One];
        var (wait, waitIfWrong) = (TimeSpan.Zero, TimeSpan.Zero);
        if (attempts.TryGetValue(BudgetScope.Address, out var address))
        {
            wait = address.SignInBudget.WaitAfter(address.Attempts.FailuresAt(now));
            address.Attempts.AddFailure(now, address.SignInBudget.MaxCounted);
            // Who comes for the first time waits too, and is then looked at.
            if (wait > TimeSpan.Zero && !own.HasWaited(now))
            {
                own.BlockedUntil = now + wait;
                return new(wait);
            }
        }
        if (attempts.TryGetValue(BudgetScope.Network, out var network))
        {
            waitIfWrong = network.SignInBudget.WaitAfter(network.Attempts.FailuresAt(now));
            network.Attempts.AddFailure(now, network.SignInBudget.MaxCounted);
        }

        own.AddFailure(now, ownBudget.MaxCounted);
        var ownWait = ownBudget.WaitAfter(own.FailuresAt(now));
        wait = ownWait > wait ? ownWait : wait;
        // Without a wait nothing is written that another node, whose clock is behind, could take for one.
        if (wait > TimeSpan.Zero)
            own.BlockedUntil = now + wait;
        return new(Wait: null, waitIfWrong > TimeSpan.Zero ? waitIfWrong : null);
    }

    /// <summary>Makes the rows or locks them until the transaction ends: guesses in parallel queue here.</summary>
    private async Task<Dictionary<BudgetScope, (SignInBudget SignInBudget, SignInAttempts Attempts)>> Lock(
        IReadOnlyList<SignInBudget> budgets, CancellationToken cancellation)
    {
        var locked = new Dictionary<BudgetScope, (SignInBudget SignInBudget, SignInAttempts Attempts)>();
        // Always in one order, or two could wait for each other.
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
            locked.Add(budget.Of, (budget, attempts));
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
