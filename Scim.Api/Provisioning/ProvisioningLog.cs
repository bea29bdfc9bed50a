using System.Diagnostics.Metrics;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Shared.Contracts;

namespace Scim.Api.Provisioning;

/// <summary>
/// Records refusals: each leaves an event, committed in a short transaction of its own before the response is sent. If
/// the event cannot be written, the response is sent anyway, and the server's log says so.
/// <para>
/// These leave no event: refusals without a token that we signed, or at an unknown address, which requires no token; a
/// 404 for a read, because a client that asks whether a user exists has not failed; reads by the portal's own pages.
/// Refusals that clients repeat (401, 429, 503, and 403 if the caller is refused whatever it requests) leave one event
/// per minute, credential set and reason, which says how many more there were (<see cref="RefusalRepeats"/>). A metric
/// counts all of them.
/// </para>
/// </summary>
internal sealed class ProvisioningLog
{
    public const string MeterName = "Scim.Api";

    /// <summary>How long a response waits for its event.</summary>
    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(5);

    private readonly IServiceScopeFactory scopes;
    private readonly TimeProvider time;
    private readonly ILogger<ProvisioningLog> log;
    private readonly RecentRefusals recent;
    private readonly Counter<long> refusals;

    public ProvisioningLog(
        IServiceScopeFactory scopes, TimeProvider time, IMeterFactory meters, ILogger<ProvisioningLog> log)
    {
        (this.scopes, this.time, this.log, recent) = (scopes, time, log, new(time));
        refusals = meters.Create(MeterName).CreateCounter<long>(
            "scim.refusals", "{refusal}", "Refused requests and operations, and whether they left an event.");
    }

    /// <summary>Records the refusal of a request; a <see cref="RefusalObserver"/>.</summary>
    public Task Observe(HttpContext http, ScimError refusal)
    {
        if (Attempt.Of(http) is { } attempt)
            return Refuse(attempt, refusal);
        Count(refusal, recorded: false);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Records a refusal. For a bulk request, whose operations are answered inside its response, create an
    /// <see cref="Attempt"/> for each operation, and call this once if it is refused. It never throws.
    /// </summary>
    public async Task Refuse(Attempt attempt, ScimError refusal) =>
        Count(refusal, recorded: IsWorthAnEvent(attempt, refusal) && await Write(attempt, refusal));

    /// <inheritdoc cref="RecentRefusals.TakeRepeats"/>
    public IReadOnlyList<(Guid AccountId, Guid EventId, int Repeats)> TakeRepeats() => recent.TakeRepeats();

    private bool IsWorthAnEvent(Attempt attempt, ScimError refusal) => (attempt.Operation, refusal.Status) switch
    {
        (ProvisioningOperations.Read, 404) => false,
        (ProvisioningOperations.Read, _) when attempt.IsFromPortal => false,
        _ when refusal.IsOfCaller || refusal.Status is 401 or 429 or 503 =>
            recent.IsNew(attempt.RepetitionKey(refusal)),
        _ => true,
    };

    private async Task<bool> Write(Attempt attempt, ScimError refusal)
    {
        using var limit = new CancellationTokenSource(WriteTimeout, time);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
            await using var write = await db.BeginWrite(limit.Token);
            var refused = attempt.Refused(refusal, time.GetUtcNow().UtcDateTime);
            db.Add(refused);
            await db.SaveChangesAsync(limit.Token);
            await write.Commit(limit.Token);
            recent.SetEvent(attempt.RepetitionKey(refusal), refused.AccountId, refused.Id);
            return true;
        }
        // In any case, the response must be about the client's fault, not about this one.
        catch (Exception failed)
        {
            log.LogError(failed, "A refusal ({Status}) could not be written to the provisioning log", refusal.Status);
            return false;
        }
    }

    private void Count(ScimError refusal, bool recorded) => refusals.Add(
        1,
        new("http.response.status_code", refusal.Status),
        new("scim.type", refusal.ScimType),
        new("scim.event", recorded));
}

/// <summary>Registers the provisioning log.</summary>
internal static class ProvisioningLogging
{
    public static void AddProvisioningLog(this IServiceCollection services)
    {
        services.AddSingleton<ProvisioningLog>();
        services.AddSingleton<RefusalObserver>(provider => provider.GetRequiredService<ProvisioningLog>().Observe);
        services.AddHostedService<EventPruning>();
        services.AddSingleton<RefusalRepeats>();
        services.AddHostedService(services => services.GetRequiredService<RefusalRepeats>());
    }
}
