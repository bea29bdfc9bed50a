using Auth.Server.Credentials;
using Auth.Server.Data;
using Auth.Server.Events;
using Auth.Server.Operations;
using Microsoft.EntityFrameworkCore;
using Shared.Hosting;
using Barrier = Auth.Server.Events.Barrier;

namespace Auth.Server.Management;

/// <summary>
/// Carries out a call of the management API once, however often it is sent with the same key. A retry gets the outcome
/// of the first call, and completes it if the server crashed meanwhile. A refused call changed nothing, so it is not
/// remembered, and a retry is checked again.
/// </summary>
internal sealed class RememberedCalls(
    AuthDbContext db, CredentialSets sets, Barrier barrier, RepeatableRequests requests, TimeProvider time)
{
    /// <summary>How long a call can be retried.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(24);

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Carries out a call, or returns its outcome if it was carried out before.</summary>
    /// <param name="key">The caller's key, and the hash of the request.</param>
    /// <param name="status">The HTTP status of the response.</param>
    /// <param name="check">Checks the call while the account's row is locked; throws to refuse it.</param>
    /// <param name="transition">Carries out the call.</param>
    /// <exception cref="ProblemException">Another request was sent with this key (422).</exception>
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
            call => Repeat(call, key, secret),
            async once =>
            {
                var (issued, confirmation) = await transition(once);
                return new Outcome(status, issued, confirmation);
            },
            (issued, number) => Remember(key, status, issued, number, secret),
            check);
    }

    /// <summary>Deletes secrets after minutes, and calls after a day.</summary>
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
    /// The outcome of an earlier call, with its set as it is now. The server may have crashed before the nodes
    /// confirmed that the previous set has ended, so this waits until they have.
    /// </summary>
    private async Task<Outcome> Repeat(RememberedCall call, IdempotencyKey key, RememberedSecret secret)
    {
        if (call.Hash != key.Hash)
        {
            throw new ProblemException(
                StatusCodes.Status422UnprocessableEntity,
                $"Another request was sent with this {IdempotencyKey.Header} before. Use a new key for a new request.");
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

/// <summary>The outcome of a call.</summary>
/// <param name="Status">The HTTP status of the response.</param>
/// <param name="Issued">The set and, if it is new, its secret.</param>
/// <param name="Confirmation">The confirmation by the nodes, if a set ended.</param>
/// <param name="IsRetry">Whether the call had been carried out before.</param>
internal sealed record Outcome(int Status, IssuedCredentials Issued, Confirmation? Confirmation, bool IsRetry = false)
{
    /// <summary>Whether the set has a secret that is no longer returned.</summary>
    public bool IsSecretWithheld => Status == StatusCodes.Status201Created && Issued is
    {
        Token: null, ClientSecret: null, Set.LastFour.Length: > 0,
    };
}

/// <summary>Deletes expired secrets and calls once a minute.</summary>
internal sealed class RememberedCallWatch(
    IServiceScopeFactory scopes, TimeProvider time, ILogger<RememberedCallWatch> log)
    : PeriodicTask(TimeSpan.FromMinutes(1), scopes, time, log)
{
    protected override Task Run(IServiceProvider services, CancellationToken cancellation) =>
        services.GetRequiredService<RememberedCalls>().Forget(cancellation);
}
