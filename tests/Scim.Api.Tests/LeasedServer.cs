using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Revocation;
using Shared.Contracts;

namespace Scim.Api.Tests;

/// <summary>
/// A server with a lease of a minute, so that it caches verdicts, and with a clock that only the test advances.
/// </summary>
internal sealed class LeasedServer : IAsyncDisposable
{
    private readonly TestAuthServer authServer;

    private LeasedServer(ScimServer server, TestAuthServer authServer, FakeTimeProvider time) =>
        (Server, this.authServer, Time) = (server, authServer, time);

    public ScimServer Server { get; }

    public FakeTimeProvider Time { get; }

    public TestAuthServer AuthServer => authServer;

    public TestEvents Events => authServer.Events!;

    public int Introspections => authServer.Calls(AuthServerPaths.Introspection);

    /// <summary>The number of the last event that was applied.</summary>
    public long LastEvent => Server.Services.GetRequiredService<EventClock>().LastEvent;

    public static async Task<LeasedServer> Start(string[]? settings = null, bool hasEvents = true)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var authServer = new TestAuthServer(hasEvents);
        var server = await ScimServer.Start(
            ["Introspection:CacheFor=00:00:30", .. settings ?? []], Probe.Map, time, authServer);
        return new(server, authServer, time);
    }

    public string TokenOf(TestAccount account) => authServer.IssueToken(account);

    public Task<HttpStatusCode> Get(string token) => Status("GET", "/scim/v2/probe", token);

    public Task<HttpStatusCode> Write(string token) => Status("POST", "/scim/v2/probe", token);

    public Task<HttpStatusCode> WriteInPortal(string token) => Status("POST", "/portal/probe", token);

    public async Task<Answer> Send(string method, string path, string token)
    {
        using var client = Server.ClientWith("Bearer " + token);
        return await client.Send(method, path);
    }

    /// <summary>
    /// Ends the account's active set and sends the event of its successor, which introspection already knows.
    /// </summary>
    public Task Replace(TestAccount account)
    {
        account.SetId = Guid.CreateVersion7();
        account.Generation++;
        return Events.Send(
            new() { Account = account.Id, Generation = account.Generation, CredentialSet = account.SetId });
    }

    /// <summary>
    /// No poll is answered for longer than a lease lasts, as in a paused process.
    /// </summary>
    public async Task LoseLease()
    {
        await Events.HoldAnswers();
        Time.Advance(TimeSpan.FromSeconds(61));
    }

    /// <summary>
    /// Renews the lease from now: the waiting poll was sent earlier, the one after it now.
    /// </summary>
    public async Task RenewLease()
    {
        Events.ReleaseAnswers();
        for (var poll = 0; poll < 2; poll++)
        {
            var before = Events.Polls.Count;
            Events.Wake();
            await Until(() => Events.Polls.Count > before);
        }
    }

    /// <summary>Waits until the condition is true.</summary>
    public async Task Until(Func<bool> so)
    {
        for (var attempt = 0; !so(); attempt++)
        {
            Assert.That(attempt, Is.LessThan(4000), "the condition did not become true");
            Time.Advance(TimeSpan.FromMilliseconds(10));
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        authServer.Dispose();
    }

    private async Task<HttpStatusCode> Status(string method, string path, string token)
    {
        using var client = Server.ClientWith("Bearer " + token);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var response = await client.SendAsync(request);
        return response.StatusCode;
    }
}

/// <summary>An introspection response that is in flight until the test lets it arrive.</summary>
internal sealed class HeldAnswer
{
    private readonly TaskCompletionSource asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int questions;

    private HeldAnswer()
    {
    }

    /// <summary>The request has arrived.</summary>
    public Task Asked => asked.Task;

    /// <summary>Holds the first response about the token as it is now; the next ones are sent immediately.</summary>
    public static HeldAnswer About(TestAuthServer server, TestAccount account, string token)
    {
        var held = new HeldAnswer();
        var (first, set) = (account.Answer(), account.SetId);
        server.Tell(token, () =>
        {
            if (Interlocked.Increment(ref held.questions) > 1)
                return account.SetId == set ? account.Answer() : new() { Active = false };
            held.asked.SetResult();
            held.released.Task.Wait();
            return first;
        });
        return held;
    }

    public void Release() => released.SetResult();
}
