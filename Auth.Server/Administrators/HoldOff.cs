using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Administrators;

/// <summary>Failures in a row under the key of an <see cref="Allowance"/>.</summary>
internal sealed class SignInAttempts
{
    public required string Key { get; init; }

    public int Failures { get; set; }

    /// <summary>No attempt before this time is looked at, UTC. Without a wait, the time of the last failure.</summary>
    public DateTime BlockedUntil { get; set; }

    internal sealed class Configuration : IEntityTypeConfiguration<SignInAttempts>
    {
        public void Configure(EntityTypeBuilder<SignInAttempts> attempts) => attempts.HasKey(a => a.Key);
    }
}

/// <summary>Makes those who guess wait longer and longer (<see cref="Allowance"/>).</summary>
internal sealed class HoldOff(AuthDbContext db, TimeProvider time)
{
    /// <summary>
    /// The wait that is due, or none after one more failure has been written down. It is counted before anybody has
    /// looked at the guess, so that guesses in parallel count one by one; a right one is forgiven.
    /// </summary>
    public async Task<TimeSpan?> Count(IReadOnlyList<Allowance> allowances, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        await using var transaction = await db.BeginWrite(cancellation);
        var counted = new List<(Allowance Allowance, SignInAttempts Attempts)>();
        // Always in one order, as each is locked until the end.
        foreach (var allowance in allowances.OrderBy(allowance => allowance.Key, StringComparer.Ordinal))
            counted.Add((allowance, await Lock(allowance.Key, now, cancellation)));
        var blockedUntil = counted.Max(one => one.Attempts.BlockedUntil);
        if (blockedUntil > now)
            return blockedUntil - now;

        foreach (var (allowance, attempts) in counted)
        {
            var forgotten = (int)((now - attempts.BlockedUntil) / Allowance.ForgottenAfter);
            var failures = Math.Min(Math.Max(0, attempts.Failures - forgotten) + 1, allowance.MostCounted);
            await db.SignInAttempts.Where(a => a.Key == allowance.Key).ExecuteUpdateAsync(
                change => change.SetProperty(a => a.Failures, failures)
                    .SetProperty(a => a.BlockedUntil, now + allowance.WaitAfter(failures)),
                cancellation);
        }

        await transaction.Commit(cancellation);
        return null;
    }

    /// <summary>
    /// Takes back what was counted for a guess that was right; of one's own allowance also all before it.
    /// </summary>
    public async Task Forgive(IReadOnlyList<Allowance> allowances, CancellationToken cancellation)
    {
        var now = time.GetUtcNow().UtcDateTime;
        await using var transaction = await db.BeginWrite(cancellation);
        foreach (var allowance in allowances.OrderBy(allowance => allowance.Key, StringComparer.Ordinal))
        {
            var attempts = db.SignInAttempts.Where(attempts => attempts.Key == allowance.Key);
            if (allowance.IsShared)
            {
                await attempts.Where(a => a.Failures > 0).ExecuteUpdateAsync(
                    change => change.SetProperty(a => a.Failures, a => a.Failures - 1)
                        .SetProperty(a => a.BlockedUntil, now),
                    cancellation);
            }
            else
            {
                await attempts.ExecuteDeleteAsync(cancellation);
            }
        }
        await transaction.Commit(cancellation);
    }

    /// <summary>Makes the row or locks it: guesses in parallel queue here.</summary>
    private async Task<SignInAttempts> Lock(string key, DateTime now, CancellationToken cancellation)
    {
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "SignInAttempts" ("Key", "Failures", "BlockedUntil") VALUES ({key}, 0, {now})
            ON CONFLICT ("Key") DO UPDATE SET "Failures" = "SignInAttempts"."Failures"
            """,
            cancellation);
        return await db.SignInAttempts.AsNoTracking().SingleAsync(attempts => attempts.Key == key, cancellation);
    }
}
