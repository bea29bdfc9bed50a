using System.Globalization;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OpenIddict.Server;
using Shared.Contracts;
using Shared.Hosting;

namespace Auth.Server.Events;

/// <summary>
/// The endpoint where the nodes of <c>Scim.Api</c> poll for events (RFC 8936) and obtain their leases.
/// </summary>
internal static class EventsApi
{
    /// <summary>
    /// How long a poll waits for an event. A lease must be at least twice as long, plus the round trip.
    /// </summary>
    private static readonly TimeSpan hold = TimeSpan.FromSeconds(0.5);

    public static void AddEvents(this IServiceCollection services, string connectionString)
    {
        services.AddSingleton<EventSignals>();
        services.AddSingleton<NodeRetirement>();
        services.AddHostedService(provider => provider.GetRequiredService<NodeRetirement>());
        services.AddSingleton<Barrier>();
        services.AddSingleton<SecurityEventTokens>();
        services.AddScoped<EventLog>();
        services.AddScoped<Nodes>();
        services.AddHostedService(
            provider => ActivatorUtilities.CreateInstance<EventListener>(provider, connectionString));
        services.AddHostedService<NodeWatch>();
    }

    public static void MapEvents(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapPost(AuthServerPaths.EventsPoll, Poll).RequireAuthorization(Scopes.PollEvents);

    private static async Task<EventPage> Poll(
        EventPoll poll,
        Nodes nodes,
        EventSignals signals,
        SecurityEventTokens tokens,
        TimeProvider time,
        IHostApplicationLifetime host,
        CancellationToken cancellation)
    {
        if (poll.Leaves)
        {
            await nodes.Leave(poll.Node, cancellation);
            return PageOf([], tokens);
        }

        var reset = await nodes.RecordPoll(poll, cancellation);
        // When the server stops, it completes its polls.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation, host.ApplicationStopping);
        if (reset || poll.ReturnImmediately)
            limit.Cancel();
        else
            limit.CancelAfter(hold);
        while (true)
        {
            var next = signals.Events.Next;
            var (events, more) = await nodes.PendingEvents(poll.Node, cancellation);
            if (events.Count > 0 || limit.IsCancellationRequested)
                return PageOf(events, tokens) with { MoreAvailable = more, Reset = reset };
            await Task.WhenAny(next, Task.Delay(Timeout.InfiniteTimeSpan, time, limit.Token));
        }
    }

    private static EventPage PageOf(IReadOnlyList<Event> events, SecurityEventTokens tokens) => new()
    {
        Sets = events.ToDictionary(SecurityEventTokens.JtiOf, tokens.Sign),
        LeaseMilliseconds = (int)Node.Lease.TotalMilliseconds,
    };
}

/// <summary>Creates security event tokens (RFC 8417), signed with the key that currently signs access tokens.</summary>
internal sealed class SecurityEventTokens(IOptionsMonitor<OpenIddictServerOptions> server, AuthOptions options)
{
    private readonly JsonWebTokenHandler handler = new() { SetDefaultTimesOnTokenCreation = false };

    public static string JtiOf(Event @event) => @event.Number.ToString(CultureInfo.InvariantCulture);

    public string Sign(Event @event) => handler.CreateToken(new SecurityTokenDescriptor
    {
        TokenType = SecurityEvents.TokenType,
        Issuer = options.PublicUrl.AbsoluteUri,
        Audience = Audiences.Scim,
        IssuedAt = @event.Time,
        Claims = new Dictionary<string, object>
        {
            [JwtRegisteredClaimNames.Jti] = JtiOf(@event),
            // RFC 9493 §3.2.5: the subject is the account's id, or the issuer if the event concerns all accounts.
            ["sub_id"] = new Dictionary<string, object>
            {
                ["format"] = "opaque",
                ["id"] = @event.AccountId?.ToString() ?? options.PublicUrl.AbsoluteUri,
            },
            ["events"] = new Dictionary<string, object> { [@event.Type] = ContentOf(@event) },
        },
        // The first key is the active one (KeyRing).
        SigningCredentials = server.CurrentValue.SigningCredentials[0],
    });

    private static Dictionary<string, object> ContentOf(Event @event)
    {
        var content = new Dictionary<string, object>
        {
            ["event_timestamp"] = new DateTimeOffset(@event.Time, TimeSpan.Zero).ToUnixTimeSeconds(),
        };
        if (@event.Type == SecurityEvents.CredentialChange)
        {
            // CAEP 1.0 §3.3.
            content["credential_type"] = "scim-credentials";
            content["change_type"] = @event.CredentialSetId is null ? "revoke" : "update";
        }
        if (@event.AccountId is { } account)
            content["account"] = account.ToString();
        if (@event.Generation is { } generation)
            content["generation"] = generation;
        if (@event.CredentialSetId is { } set)
            content["credential_set"] = set.ToString();
        return content;
    }
}

/// <summary>Deletes old nodes and events every ten minutes.</summary>
internal sealed class NodeWatch(IServiceScopeFactory scopes, TimeProvider time, ILogger<NodeWatch> log)
    : PeriodicTask(TimeSpan.FromMinutes(10), scopes, time, log)
{
    protected override Task Run(IServiceProvider services, CancellationToken cancellation) =>
        services.GetRequiredService<Nodes>().Forget(cancellation);
}
