using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Events;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;

namespace Auth.Server.Management;

/// <summary>
/// Does what a call of the management API asks for once, however often it is sent under its key: a retry gets the outcome
/// of the first, and what a crash left undone is finished. A refusal changed nothing, so it is not remembered: the same
/// request is then judged anew.
/// </summary>
internal sealed class RememberedCalls(
    AuthDbContext db,
    CredentialSets sets,
    EventLog events,
    IDataProtectionProvider protection,
    TimeProvider time)
{
    /// <summary>For how long a call can be sent again.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    /// <summary>For how long the one who made a secret gets it again.</summary>
    public static readonly TimeSpan SecretMemory = TimeSpan.FromMinutes(10);

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Does something under a key, or finds out what came of it when it was done.</summary>
    /// <param name="key">The caller's key, and what it asks for.</param>
    /// <param name="status">The HTTP status of its answer.</param>
    /// <param name="check">Refuses it, with the account's row locked.</param>
    /// <param name="transition">Does it, with what is to be done alongside.</param>
    /// <exception cref="ProblemException">Another request was sent under this key (422).</exception>
    public async Task<Outcome> Once(
        IdempotencyKey key, int status, Func<Task> check, Func<Alongside, Task<IssuedCredentials>> transition)
    {
        if (await Find(key) is { } before)
            return await Again(before, key);
        // Its keys are read, or made anew, by a connection of its own: not while this one is the database's writer.
        var protector = ProtectorOf(key);
        protector.Protect("");
        try
        {
            var issued = await transition(new(
                async () =>
                {
                    if (await Find(key) is { } meanwhile)
                        throw new DoneBefore(meanwhile);
                    await check();
                },
                issued => Remember(key, status, issued, protector)));
            return new(status, issued, events.Confirmation);
        }
        catch (DoneBefore done)
        {
            return await Again(done.Call, key);
        }
        // The same key at the same time for another account, whose row nobody waited for here.
        catch (ProblemException refusal) when (refusal.InnerException is DbUpdateException)
        {
            db.ChangeTracker.Clear();
            if (await Find(key) is not { } other)
                throw;
            return await Again(other, key);
        }
    }

    /// <summary>Forgets secrets after minutes, and calls after a day.</summary>
    public async Task Forget(CancellationToken cancellation)
    {
        var now = Now;
        await using var write = await db.BeginWrite(cancellation);
        await db.RememberedCalls.Where(call => call.At < now - Memory).ExecuteDeleteAsync(cancellation);
        await db.RememberedCalls.Where(call => call.At < now - SecretMemory && call.ProtectedSecret != null)
            .ExecuteUpdateAsync(change => change.SetProperty(call => call.ProtectedSecret, (string?)null), cancellation);
        await write.Commit(cancellation);
    }

    private Task<RememberedCall?> Find(IdempotencyKey key) => db.RememberedCalls.AsNoTracking().SingleOrDefaultAsync(
        call => call.CallerId == key.Caller.Id && call.Key == key.Key);

    private async Task Remember(IdempotencyKey key, int status, IssuedCredentials issued, IDataProtector protector)
    {
        db.RememberedCalls.Add(new()
        {
            CallerId = key.Caller.Id,
            Key = key.Key,
            Hash = key.Hash,
            At = Now,
            Status = status,
            CredentialSetId = issued.Set.Id,
            Event = events.Unconfirmed,
            ProtectedSecret = (issued.Token ?? issued.ClientSecret) is { } secret ? protector.Protect(secret) : null,
        });
        await db.SaveChangesAsync();
    }

    /// <summary>
    /// What came of a call, with its set as it is now. Whoever did it may have died before the nodes had heard of it: they
    /// have when this returns.
    /// </summary>
    private async Task<Outcome> Again(RememberedCall call, IdempotencyKey key)
    {
        if (call.Hash != key.Hash)
        {
            throw new ProblemException(
                StatusCodes.Status422UnprocessableEntity,
                $"Another request was sent under this {IdempotencyKey.Header} before. A new request has a new key.");
        }
        if (call.Event is { } number)
        {
            await events.Confirm(number);
            await sets.Confirm(call.CredentialSetId);
        }
        var set = (await db.CredentialSets.AsNoTracking().SingleAsync(set => set.Id == call.CredentialSetId)).AsOf(Now);
        var secret = call.ProtectedSecret is { } kept && Now - call.At < SecretMemory ? ProtectorOf(key).Unprotect(kept) : null;
        var isToken = set.Method == CredentialMethods.DirectJwt;
        return new(call.Status, new(set, isToken ? secret : null, isToken ? null : secret), events.Confirmation, IsRetry: true);
    }

    /// <summary>For this caller and this key: a row that is copied elsewhere opens nothing.</summary>
    private IDataProtector ProtectorOf(IdempotencyKey key) =>
        protection.CreateProtector(typeof(RememberedCall).FullName!, $"{key.Caller.Id}", key.Key);

    private sealed class DoneBefore(RememberedCall call) : Exception
    {
        public RememberedCall Call { get; } = call;
    }
}

/// <summary>What came of a call.</summary>
/// <param name="Status">The HTTP status of its answer.</param>
/// <param name="Issued">The set, and what is shown of it once.</param>
/// <param name="Confirmation">How it went round, if it ended something.</param>
/// <param name="IsRetry">Whether it had been done before.</param>
internal sealed record Outcome(int Status, IssuedCredentials Issued, Confirmation? Confirmation, bool IsRetry = false)
{
    /// <summary>Whether a secret was made that is not told any more.</summary>
    public bool IsSecretWithheld => Status == StatusCodes.Status201Created && Issued is
    {
        Token: null, ClientSecret: null, Set.LastFour.Length: > 0,
    };
}

/// <summary>Once a minute, secrets and calls that nobody can ask for any more are forgotten.</summary>
internal sealed class RememberedCallWatch(
    IServiceScopeFactory scopes, TimeProvider time, ILogger<RememberedCallWatch> log)
    : Watch(TimeSpan.FromMinutes(1), scopes, time, log)
{
    protected override Task Look(IServiceProvider services, CancellationToken cancellation) =>
        services.GetRequiredService<RememberedCalls>().Forget(cancellation);
}
