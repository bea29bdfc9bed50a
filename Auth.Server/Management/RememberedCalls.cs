using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Events;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;
using Shared.Hosting;
using Barrier = Auth.Server.Events.Barrier;

namespace Auth.Server.Management;

/// <summary>
/// Does what a call of the management API asks for once, however often it is sent under its key: a retry gets the
/// outcome of the first, and what a crash left undone is finished. A refusal changed nothing, so it is not remembered:
/// the same request is then judged anew.
/// </summary>
internal sealed class RememberedCalls(
    AuthDbContext db, CredentialSets sets, Barrier barrier, RepeatableRequests requests, TimeProvider time)
{
    /// <summary>For how long a call can be sent again.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Does something under a key, or finds out what came of it when it was done.</summary>
    /// <param name="key">The caller's key, and what it asks for.</param>
    /// <param name="status">The HTTP status of its answer.</param>
    /// <param name="check">Refuses it, with the account's row locked.</param>
    /// <param name="transition">Does it.</param>
    /// <exception cref="ProblemException">Another request was sent under this key (422).</exception>
    public Task<Outcome> Once(
        IdempotencyKey key,
        int status,
        Func<Task> check,
        Func<Idempotency, Task<Completed<IssuedCredentials>>> transition)
    {
        var secret = requests.SecretOf<RememberedCall>(key.Caller.Id, key.Key);
        return requests.Once(
            secret,
            () => Find(key),
            call => Again(call, key, secret),
            async once =>
            {
                var (issued, confirmation) = await transition(once);
                return new Outcome(status, issued, confirmation);
            },
            (issued, number) => Remember(key, status, issued, number, secret),
            check);
    }

    /// <summary>Forgets secrets after minutes, and calls after a day.</summary>
    public async Task Forget(CancellationToken cancellation)
    {
        var now = Now;
        await using var write = await db.BeginWrite(cancellation);
        await db.RememberedCalls.Where(call => call.At < now - Memory).ExecuteDeleteAsync(cancellation);
        await db.RememberedCalls
            .Where(call => call.At < now - RepeatableRequests.SecretMemory && call.ProtectedSecret != null)
            .ExecuteUpdateAsync(
                change => change.SetProperty(call => call.ProtectedSecret, (string?)null), cancellation);
        await write.Commit(cancellation);
    }

    private Task<RememberedCall?> Find(IdempotencyKey key) => db.RememberedCalls.AsNoTracking().SingleOrDefaultAsync(
        call => call.CallerId == key.Caller.Id && call.Key == key.Key);

    private async Task Remember(
        IdempotencyKey key, int status, IssuedCredentials issued, long? number, RememberedSecret secret)
    {
        db.RememberedCalls.Add(new()
        {
            CallerId = key.Caller.Id,
            Key = key.Key,
            Hash = key.Hash,
            At = Now,
            Status = status,
            CredentialSetId = issued.Set.Id,
            Event = number,
            ProtectedSecret = secret.Protect(issued),
        });
        await db.SaveChangesAsync();
    }

    /// <summary>
    /// What came of a call, with its set as it is now. Whoever did it may have died before the nodes had heard of it:
    /// they have when this returns.
    /// </summary>
    private async Task<Outcome> Again(RememberedCall call, IdempotencyKey key, RememberedSecret secret)
    {
        if (call.Hash != key.Hash)
        {
            throw new ProblemException(
                StatusCodes.Status422UnprocessableEntity,
                $"Another request was sent under this {IdempotencyKey.Header} before. A new request has a new key.");
        }
        Confirmation? confirmation = null;
        if (call.Event is { } number)
        {
            confirmation = await barrier.Wait(number);
            await sets.Confirm(call.CredentialSetId, confirmation);
        }
        var set = (await db.CredentialSets.AsNoTracking().SingleAsync(set => set.Id == call.CredentialSetId)).AsOf(Now);
        var kept = Now - call.At < RepeatableRequests.SecretMemory ? call.ProtectedSecret : null;
        return new(call.Status, secret.Restore(set, kept), confirmation, IsRetry: true);
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
