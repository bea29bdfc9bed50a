using System.Net;
using System.Security.Claims;
using Auth.Server.Connect;
using Auth.Server.Limits;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using OpenIddict.Abstractions;
using OpenIddict.Server;
using static OpenIddict.Server.OpenIddictServerEvents;

namespace Auth.Server.Tests.Connect;

/// <summary>
/// Requests from a network with repeated failed authentications take turns, client by client; other requests do not
/// wait.
/// </summary>
public sealed class FailingNetworksTests
{
    private const string Failing = "203.0.113.7";
    private FailedAuthentications failures = null!;
    private FailingNetworks queue = null!;

    [SetUp]
    public void Fail()
    {
        failures = new(new AuthOptions(), NullLogger<FailedAuthentications>.Instance);
        queue = new(failures);
        for (var i = 0; i < 100; i++)
            failures.Count($"made-up-{i}", isKnown: false, IPAddress.Parse(Failing));
    }

    [TearDown]
    public void Dispose() => failures.Dispose();

    [Test]
    public async Task One_request_per_processor_is_handled_at_a_time_each_client_in_turn()
    {
        var inside = await TakeAllTurns();
        var flood = Enumerable.Range(0, 3).Select(_ => new Request("flood")).ToList();
        var other = new Request("other");
        foreach (var request in flood.Append(other))
            request.Enter(queue);
        Assert.That(flood.Append(other).Select(request => request.IsWaiting), Is.All.True);

        await inside[0].Leave();
        await flood[0].Entered;
        await (inside.Count > 1 ? inside[1] : flood[0]).Leave();

        await other.Entered;
        Assert.That(flood.Skip(1).Select(request => request.IsWaiting), Is.All.True);
    }

    [TestCase("proved")]
    [TestCase("elsewhere")]
    [TestCase("authorization")]
    public async Task Others_do_not_wait(string who)
    {
        await TakeAllTurns();
        var request = new Request("client", who == "elsewhere" ? "203.0.113.8" : Failing);
        if (who == "proved")
            request.Context.ClientAssertionPrincipal = new ClaimsPrincipal();
        if (who == "authorization")
            request.Context.Transaction.EndpointType = OpenIddictServerEndpointType.Authorization;

        request.Enter(queue);

        Assert.That(request.IsWaiting, Is.False);
        Assert.That(request.Context.IsRejected, Is.False);
    }

    [Test]
    public async Task A_thousand_requests_wait_and_further_ones_are_refused()
    {
        await TakeAllTurns();
        for (var i = 0; i < 1000; i++)
        {
            var waiting = new Request("flood");
            waiting.Enter(queue);
            Assert.That(waiting.IsWaiting, Is.True, $"{i}");
        }

        var refused = new Request("flood");
        refused.Enter(queue);
        await refused.Entered;

        Assert.That(refused.Context.IsRejected);
        Assert.That(refused.Context.Error, Is.EqualTo("temporarily_unavailable"));
    }

    private async Task<List<Request>> TakeAllTurns()
    {
        var inside = Enumerable.Range(0, Environment.ProcessorCount).Select(i => new Request($"client {i}")).ToList();
        foreach (var request in inside)
        {
            request.Enter(queue);
            await request.Entered;
        }
        return inside;
    }

    /// <summary>A request to the token endpoint that has not been answered yet.</summary>
    private sealed class Request : HttpResponseFeature
    {
        private readonly DefaultHttpContext http = new();
        private readonly List<Func<Task>> completed = [];

        public Request(string clientId, string address = Failing)
        {
            http.Features.Set<IHttpResponseFeature>(this);
            http.Connection.RemoteIpAddress = IPAddress.Parse(address);
            var transaction = new OpenIddictServerTransaction
            {
                EndpointType = OpenIddictServerEndpointType.Token,
                Request = new OpenIddictRequest { ClientId = clientId },
            };
            // Where OpenIddict keeps it.
            transaction.Properties[typeof(HttpRequest).FullName!] = new WeakReference<HttpRequest>(http.Request);
            Context = new(transaction);
        }

        public ProcessAuthenticationContext Context { get; }

        public Task Entered { get; private set; } = Task.CompletedTask;

        public bool IsWaiting => !Entered.IsCompleted;

        public void Enter(FailingNetworks queue) => Entered = queue.HandleAsync(Context).AsTask();

        public async Task Leave()
        {
            foreach (var act in completed)
                await act();
        }

        public override void OnCompleted(Func<object, Task> callback, object state) =>
            completed.Add(() => callback(state));
    }
}
