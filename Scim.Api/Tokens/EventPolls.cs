using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using Shared.Contracts;

namespace Scim.Api.Tokens;

/// <summary>
/// Polls the authorization server for security events (RFC 8936 §2.4), on connections of its own: neither slow
/// introspections nor their circuit breaker cost the lease.
/// </summary>
internal sealed class EventPolls(
    ClientCredentials credentials,
    Node node,
    IOptions<AuthServerOptions> server,
    IOptions<IntrospectionOptions> options,
    TimeProvider time) : IDisposable
{
    private const int LargestPage = 4 * 1024 * 1024;

    /// <summary>A token is used until so long before its end.</summary>
    private static readonly TimeSpan Reserve = TimeSpan.FromSeconds(30);

    private readonly AuthServerConnection connection = new(LargestPage);
    private (AuthenticationHeaderValue Value, DateTimeOffset UsedUntil)? authorization;

    /// <summary>The answer; an <see cref="AuthServerFault"/> says why there is none.</summary>
    public async Task<EventPage> Poll(
        IReadOnlyList<string> acknowledged, bool atOnce, CancellationToken cancellation) =>
        await Send(
            new() { Node = node.Id, NodeName = node.Name, Acknowledged = acknowledged, ReturnImmediately = atOnce },
            options.Value.PollTimeout,
            cancellation);

    /// <summary>Says that this node stops, having applied these events.</summary>
    public Task Leave(IReadOnlyList<string> acknowledged, TimeSpan patience, CancellationToken cancellation) => Send(
        new()
        {
            Node = node.Id, NodeName = node.Name, Acknowledged = acknowledged, ReturnImmediately = true, Leaves = true,
        },
        patience,
        cancellation);

    public void Dispose() => connection.Dispose();

    private async Task<EventPage> Send(EventPoll poll, TimeSpan patience, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            using var request = new HttpRequestMessage(
                HttpMethod.Post, new Uri(server.Value.BaseAddress, AuthServerPaths.EventsPoll));
            request.Headers.Authorization = await Authorization(either.Token);
            request.Content = JsonContent.Create(poll);
            return await connection.Send<EventPage>(request, either.Token);
        }
        catch (AuthServerFault fault) when (fault.Status is HttpStatusCode.Unauthorized)
        {
            authorization = null;
            throw;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw AuthServerFault.OfTimeout();
        }
    }

    private async Task<AuthenticationHeaderValue> Authorization(CancellationToken cancellation)
    {
        var now = time.GetUtcNow();
        if (authorization is not { } usable || now >= usable.UsedUntil)
        {
            var token = await credentials.GetToken(Scopes.PollEvents, cancellation);
            var lifetime = TimeSpan.FromSeconds(token.ExpiresIn ?? 0);
            authorization = usable = (new("Bearer", token.Value), now + lifetime - Reserve);
        }
        return usable.Value;
    }
}
