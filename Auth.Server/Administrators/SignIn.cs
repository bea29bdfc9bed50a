using Auth.Server.Data;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Administrators;

/// <summary>What came of a sign-in: a session, or how long to wait, or neither.</summary>
internal sealed record SignInOutcome(AdministratorSession? Session, TimeSpan? Wait);

/// <summary>
/// Signing in with e-mail address and password. An unknown address costs as much time and answers the same as a wrong
/// password, and both are held off alike (<see cref="Administrators.SignInAttempts"/>).
/// </summary>
internal sealed class SignIn(
    AuthDbContext db, UserManager<Administrator> administrators, IPasswordHasher<Administrator> hasher, TimeProvider time)
{
    public static readonly TimeSpan SessionLifetime = TimeSpan.FromHours(8);

    private static readonly Administrator nobody = new() { AccountId = Guid.Empty };

    // A hash to spend the same time on when there is no such administrator.
    private static string? decoyHash;

    public async Task<SignInOutcome> Try(string email, string password, CancellationToken cancellation)
    {
        var key = SignInAttempts.KeyOf(email);
        var now = time.GetUtcNow().UtcDateTime;
        // Counted as failed before the password is looked at, so that parallel guesses count one by one.
        if (await HoldOff(key, now, cancellation) is { } wait)
            return new(null, wait);

        var administrator = await administrators.FindByEmailAsync(email.Trim());
        if (!await IsPassword(administrator, password))
            return new(null, null);

        var session = new AdministratorSession
        {
            AdministratorId = administrator!.Id,
            Administrator = administrator,
            StartedAt = now,
            ExpiresAt = now + SessionLifetime,
        };
        db.Sessions.Add(session);
        await db.SaveChangesAsync(cancellation);
        await db.SignInAttempts.Where(attempts => attempts.EmailKey == key).ExecuteDeleteAsync(cancellation);
        return new(session, null);
    }

    /// <summary>Ends a session, and with it the portal's tokens that were issued for it.</summary>
    public Task End(Guid sessionId, CancellationToken cancellation) =>
        db.Sessions.Where(session => session.Id == sessionId && session.EndedAt == null).ExecuteUpdateAsync(
            change => change.SetProperty(session => session.EndedAt, time.GetUtcNow().UtcDateTime), cancellation);

    /// <summary>The wait that is due, or none after one more failure has been written down.</summary>
    private async Task<TimeSpan?> HoldOff(string key, DateTime now, CancellationToken cancellation)
    {
        await using var transaction = await db.BeginWrite(cancellation);
        // Makes the row or locks it: guesses in parallel queue here.
        await db.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO "SignInAttempts" ("EmailKey", "Failures", "BlockedUntil") VALUES ({key}, 0, {now})
            ON CONFLICT ("EmailKey") DO UPDATE SET "Failures" = "SignInAttempts"."Failures"
            """,
            cancellation);
        var attempts = await db.SignInAttempts.SingleAsync(attempts => attempts.EmailKey == key, cancellation);
        if (attempts.BlockedUntil > now)
            return attempts.BlockedUntil - now;
        attempts.Failures++;
        attempts.BlockedUntil = now + SignInAttempts.WaitAfter(attempts.Failures);
        await db.SaveChangesAsync(cancellation);

        // Long forgotten failures, most of them under addresses that a stranger made up.
        var forgotten = now.AddDays(-1);
        await db.SignInAttempts.Where(old => old.BlockedUntil < forgotten).ExecuteDeleteAsync(cancellation);
        await transaction.Commit(cancellation);
        return null;
    }

    private async Task<bool> IsPassword(Administrator? administrator, string password)
    {
        if (administrator is not null)
            return await administrators.CheckPasswordAsync(administrator, password);
        decoyHash ??= hasher.HashPassword(nobody, Guid.NewGuid().ToString());
        hasher.VerifyHashedPassword(nobody, decoyHash, password);
        return false;
    }
}
