using System.Collections.Concurrent;
using Auth.Server.Audit;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Shared.Hosting;

namespace Auth.Server.Credentials;

/// <summary>
/// Remembers when credentials were last used or refused, and writes this to the database every few seconds, so that
/// introspection does not wait for it. Including the time for which <c>Scim.Api</c> may cache a response, the values
/// that people see are at most a minute old.
/// </summary>
internal sealed class CredentialUses(
    IServiceScopeFactory scopes, TimeProvider time, ILogger<CredentialUses> log)
    : PeriodicTask(TimeSpan.FromSeconds(5), scopes, time, log)
{
    private readonly ConcurrentDictionary<Guid, Uses> used = new();
    private readonly ConcurrentDictionary<Guid, Uses> refused = new();

    /// <summary>Records that a request with the set was accepted.</summary>
    public void Used(Guid setId, string? address, string? userAgent) => Add(used, setId, Now(address, userAgent));

    /// <summary>Records that a request was refused because the set has ended.</summary>
    public void Refused(Guid setId, string? address, string? userAgent) => Add(refused, setId, Now(address, userAgent));

    /// <summary>Writes what is remembered to the database.</summary>
    public async Task Write(CancellationToken cancellation)
    {
        if (used.IsEmpty && refused.IsEmpty)
            return;
        await using var scope = Scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<AuthDbContext>();
        foreach (var (id, (first, use)) in Take(used))
        {
            await db.CredentialSets.Where(set => set.Id == id).ExecuteUpdateAsync(
                change => change
                    .SetProperty(set => set.FirstUsedAt, set => set.FirstUsedAt ?? first)
                    .SetProperty(set => set.LastUse!.At, use.At)
                    .SetProperty(set => set.LastUse!.Address, use.Address)
                    .SetProperty(set => set.LastUse!.UserAgent, use.UserAgent),
                cancellation);
        }
        foreach (var (id, (_, use)) in Take(refused))
        {
            await db.CredentialSets.Where(set => set.Id == id).ExecuteUpdateAsync(
                change => change
                    .SetProperty(set => set.LastRefusal!.At, use.At)
                    .SetProperty(set => set.LastRefusal!.Address, use.Address)
                    .SetProperty(set => set.LastRefusal!.UserAgent, use.UserAgent),
                cancellation);
        }
    }

    /// <summary>Also writes what is left when the process stops.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await Write(cancellationToken);
        }
        catch (Exception error)
        {
            Log.LogWarning(error, "The last uses of credentials could not be saved");
        }
    }

    // If this fails, the uses are lost; the next use is recorded again.
    protected override Task Run(IServiceProvider services, CancellationToken cancellation) => Write(cancellation);

    private static void Add(ConcurrentDictionary<Guid, Uses> uses, Guid setId, Use use) =>
        uses.AddOrUpdate(setId, new Uses(use.At, use), (_, earlier) => earlier with { Last = use });

    private static IEnumerable<(Guid, Uses)> Take(ConcurrentDictionary<Guid, Uses> uses)
    {
        foreach (var id in uses.Keys)
        {
            if (uses.TryRemove(id, out var use))
                yield return (id, use);
        }
    }

    private Use Now(string? address, string? userAgent) => new()
    {
        At = Time.GetUtcNow().UtcDateTime,
        Address = address is null ? null : Printable.Of(address, 45),
        UserAgent = userAgent is null ? null : Printable.Of(userAgent, 300),
    };

    /// <summary>The first and the last use since the last write.</summary>
    private sealed record Uses(DateTime First, Use Last);
}
