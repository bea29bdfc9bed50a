using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.Extensions.Caching.Memory;

namespace Auth.Server.Administrators;

/// <summary>
/// The failures under the key of an <see cref="Allowance"/>, as the time at which the last of them will be forgotten. Each
/// failure moves it a quarter of an hour on, so that failures are forgotten continuously, whatever happens meanwhile.
/// </summary>
internal sealed class SignInAttempts
{
    /// <summary>How long whoever was told to wait may come back later than that, and is looked at without another wait.</summary>
    public static readonly TimeSpan TimeToReturn = TimeSpan.FromHours(1);

    public required string Key { get; init; }

    /// <summary>When no failure is left, UTC.</summary>
    public required DateTime ForgottenAt { get; set; }

    /// <summary>
    /// No attempt before this time is looked at, and one after it is, UTC; null if no wait was ever imposed.
    /// </summary>
    public DateTime? BlockedUntil { get; set; }

    /// <summary>Whether a wait was imposed that is over, but not long ago.</summary>
    public bool HasWaited(DateTime now) => BlockedUntil <= now && BlockedUntil > now - TimeToReturn;

    /// <summary>The failures that are not forgotten at a time.</summary>
    public int FailuresAt(DateTime now) => ForgottenAt <= now
        ? 0
        : (int)Math.Round((ForgottenAt - now) / Allowance.ForgottenAfter, MidpointRounding.AwayFromZero);

    /// <summary>Adds a failure, up to the most that are counted.</summary>
    public void AddFailure(DateTime now, int most)
    {
        var next = (ForgottenAt > now ? ForgottenAt : now) + Allowance.ForgottenAfter;
        var last = now + (most * Allowance.ForgottenAfter);
        ForgottenAt = next < last ? next : last;
    }

    internal sealed class Configuration : IEntityTypeConfiguration<SignInAttempts>
    {
        public void Configure(EntityTypeBuilder<SignInAttempts> attempts) => attempts.HasKey(a => a.Key);
    }
}

/// <summary>Whether a guess is looked at.</summary>
/// <param name="Wait">How long to wait before it is; null if it is now.</param>
/// <param name="WaitIfWrong">How long to wait after it, if it is wrong; null if it need not wait.</param>
internal sealed record Admission(TimeSpan? Wait, TimeSpan? WaitIfWrong = null);

/// <summary>
/// What this node knows of waits that are not over, so that a fast guesser costs a query every few seconds and not with each
/// attempt. It is not remembered for longer, as a guess that is being looked at may turn out right and end the wait.
/// </summary>
internal sealed class KnownWaits(TimeProvider time) : IDisposable
{
    private static readonly TimeSpan memory = TimeSpan.FromSeconds(5);

    private readonly MemoryCache ends = new(new MemoryCacheOptions { SizeLimit = 10_000 });

    public TimeSpan? Of(IEnumerable<Allowance> allowances)
    {
        var now = time.GetUtcNow().UtcDateTime;
        foreach (var allowance in allowances)
        {
            if (ends.TryGetValue(allowance.Key, out DateTime end) && end > now)
                return end - now;
        }
        return null;
    }

    public void Add(Allowance allowance, DateTime end) => ends.Set(
        allowance.Key,
        end,
        new MemoryCacheEntryOptions { Size = 1, AbsoluteExpirationRelativeToNow = memory });

    public void Remove(Allowance allowance) => ends.Remove(allowance.Key);

    public void Dispose() => ends.Dispose();
}

/// <summary>
/// Makes those who guess wait longer and longer (<see cref="Allowance"/>). A wait is always that of one browser, or of one
/// address in one network: who waits as long as they were told is looked at next, however fast others guess. Too many
/// failures under an address, from any network, make each network wait a minute at most. Too many failures of a network make
/// nobody wait whose password is right.
/// </summary>
internal sealed class HoldOff(AuthDbContext db, KnownWaits known, TimeProvider time)
{
    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>
    /// Whether a guess is looked at; if so, one more failure has been written down. It is counted before anybody has
    /// looked at the guess, so that guesses in parallel count one by one; a right one is forgiven.
    /// </summary>
    public async Task<Admission> Count(IReadOnlyList<Allowance> allowances, CancellationToken cancellation)
    {
        if (known.Of(allowances) is { } wait)
            return new(wait);
        await using var transaction = await db.BeginWrite(cancellation);
        var attempts = await Lock(allowances, cancellation);
        // Not before: whoever had the locks may have written down a later time.
        var now = Now;
        var own = attempts[AllowanceOf.One];
        if (own.Attempts.BlockedUntil > now)
        {
            known.Add(own.Allowance, own.Attempts.BlockedUntil.Value);
            return new(own.Attempts.BlockedUntil - now);
        }

        var admission = Count(attempts, now);
        foreach (var (_, counted) in attempts.Values)
            await Save(counted, cancellation);
        await transaction.Commit(cancellation);
        return admission;
    }

    /// <summary>
    /// Takes back what was counted for a guess that was right; of one's own allowance also all before it, unless there is
    /// more to be guessed under it.
    /// </summary>
    public async Task Forgive(IReadOnlyList<Allowance> allowances, bool all, CancellationToken cancellation)
    {
        await using var transaction = await db.BeginWrite(cancellation);
        foreach (var (allowance, attempts) in (await Lock(allowances, cancellation)).Values)
        {
            if (allowance.Of == AllowanceOf.One && all)
            {
                await db.SignInAttempts.Where(a => a.Key == allowance.Key).ExecuteDeleteAsync(cancellation);
                continue;
            }
            attempts.ForgottenAt -= Allowance.ForgottenAfter;
            attempts.BlockedUntil = null;
            await Save(attempts, cancellation);
        }
        await transaction.Commit(cancellation);
        foreach (var allowance in allowances)
            known.Remove(allowance);
    }

    private static Admission Count(
        Dictionary<AllowanceOf, (Allowance Allowance, SignInAttempts Attempts)> attempts, DateTime now)
    {
        var (ownAllowance, own) = attempts[AllowanceOf.One];
        var (wait, waitIfWrong) = (TimeSpan.Zero, TimeSpan.Zero);
        if (attempts.TryGetValue(AllowanceOf.Address, out var address))
        {
            wait = address.Allowance.WaitAfter(address.Attempts.FailuresAt(now));
            address.Attempts.AddFailure(now, address.Allowance.MostCounted);
            // Who comes for the first time waits too, and is then looked at.
            if (wait > TimeSpan.Zero && !own.HasWaited(now))
            {
                own.BlockedUntil = now + wait;
                return new(wait);
            }
        }
        if (attempts.TryGetValue(AllowanceOf.Network, out var network))
        {
            waitIfWrong = network.Allowance.WaitAfter(network.Attempts.FailuresAt(now));
            network.Attempts.AddFailure(now, network.Allowance.MostCounted);
        }

        own.AddFailure(now, ownAllowance.MostCounted);
        var ownWait = ownAllowance.WaitAfter(own.FailuresAt(now));
        wait = ownWait > wait ? ownWait : wait;
        // Without a wait nothing is written that another node, whose clock is behind, could take for one.
        if (wait > TimeSpan.Zero)
            own.BlockedUntil = now + wait;
        return new(Wait: null, waitIfWrong > TimeSpan.Zero ? waitIfWrong : null);
    }

    /// <summary>Makes the rows or locks them until the transaction ends: guesses in parallel queue here.</summary>
    private async Task<Dictionary<AllowanceOf, (Allowance Allowance, SignInAttempts Attempts)>> Lock(
        IReadOnlyList<Allowance> allowances, CancellationToken cancellation)
    {
        var locked = new Dictionary<AllowanceOf, (Allowance Allowance, SignInAttempts Attempts)>();
        // Always in one order, or two could wait for each other.
        foreach (var allowance in allowances.OrderBy(allowance => allowance.Key, StringComparer.Ordinal))
        {
            await db.Database.ExecuteSqlAsync(
                $"""
                INSERT INTO "SignInAttempts" ("Key", "ForgottenAt", "BlockedUntil") VALUES ({allowance.Key}, {Now}, NULL)
                ON CONFLICT ("Key") DO UPDATE SET "ForgottenAt" = "SignInAttempts"."ForgottenAt"
                """,
                cancellation);
            var attempts = await db.SignInAttempts.AsNoTracking()
                .SingleAsync(attempts => attempts.Key == allowance.Key, cancellation);
            locked.Add(allowance.Of, (allowance, attempts));
        }
        return locked;
    }

    private Task<int> Save(SignInAttempts attempts, CancellationToken cancellation) =>
        db.SignInAttempts.Where(a => a.Key == attempts.Key).ExecuteUpdateAsync(
            change => change.SetProperty(a => a.ForgottenAt, attempts.ForgottenAt)
                .SetProperty(a => a.BlockedUntil, attempts.BlockedUntil),
            cancellation);
}
