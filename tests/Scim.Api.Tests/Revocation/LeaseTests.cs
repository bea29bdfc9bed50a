using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Revocation;
using Shared.Contracts;
using WireMock.ResponseBuilders;

namespace Scim.Api.Tests.Revocation;

/// <summary>How a node gets its lease, keeps it, and gives it up.</summary>
[Parallelizable(ParallelScope.All)]
[Category("Slow")]
[Category("AnyDatabase")]
public sealed class LeaseTests
{
    [Test]
    public void A_lease_counts_from_before_the_poll_by_a_clock_that_is_read_at_every_use()
    {
        var time = new FakeTimeProvider();
        var lease = new Lease(time);
        Assert.That(lease.IsLive, Is.False);
        var sent = time.GetTimestamp();
        time.Advance(TimeSpan.FromSeconds(1));
        lease.Renew(sent, TimeSpan.FromSeconds(1.5));
        Assert.That(lease.IsLive, Is.True);
        time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.That(lease.IsLive, Is.False);
        lease.Renew(time.GetTimestamp(), TimeSpan.FromSeconds(1));
        lease.GiveUp();
        Assert.That(lease.IsLive, Is.False);
    }

    [Test]
    public async Task The_duration_of_a_poll_is_deducted_from_the_lease()
    {
        await using var leased = await LeasedServer.Start();
        var held = await leased.Events.HoldAnswers();
        leased.Time.Advance(TimeSpan.FromSeconds(40));
        held.Release();
        await leased.Until(() => leased.Events.Polls.Count >= 3);
        Assert.That(leased.Server.HasLease, Is.True);
        leased.Time.Advance(TimeSpan.FromSeconds(20));
        Assert.That(leased.Server.HasLease, Is.False);
    }

    [Test]
    public async Task There_is_no_lease_while_there_are_more_events()
    {
        await using var leased = await LeasedServer.Start();
        leased.Events.MoreAvailable = true;
        await leased.LoseLease();
        leased.Events.ReleaseAnswers();
        var before = leased.Events.Polls.Count;
        await leased.Until(() => leased.Events.Polls.Count > before + 4);
        Assert.That(leased.Server.HasLease, Is.False);
        leased.Events.MoreAvailable = false;
        await leased.Until(() => leased.Server.HasLease);
    }

    [Test]
    public async Task Losing_a_lease_and_getting_it_back_are_logged_once_each()
    {
        await using var leased = await LeasedServer.Start();
        leased.AuthServer.Fail(AuthServerPaths.EventsPoll, Response.Create().WithStatusCode(500));
        var before = leased.AuthServer.Calls(AuthServerPaths.EventsPoll);
        leased.Events.Wake();
        leased.Time.Advance(TimeSpan.FromSeconds(61));
        await leased.Until(() => leased.AuthServer.Calls(AuthServerPaths.EventsPoll) > before + 4);
        leased.AuthServer.Recover();
        await leased.Until(() => leased.Server.HasLease);
        await leased.RenewLease();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                leased.Server.Logs.AtLeast(LogLevel.Warning).Count(line => line.Contains("no lease")), Is.EqualTo(1));
            Assert.That(leased.Server.Logs.Lines.Count(line => line.Contains("has a lease")), Is.EqualTo(2));
        }
    }

    [Test]
    public async Task Each_fault_while_polling_is_logged_once_with_its_stack_trace()
    {
        await using var leased = await LeasedServer.Start();
        await Fail(Response.Create().WithStatusCode(500));
        await Fail(Response.Create().WithStatusCode(502));
        await Fail(Response.Create().WithStatusCode(200).WithHeader("Content-Type", "application/json").WithBody("{"));
        using (Assert.EnterMultipleScope())
        {
            foreach (var reason in new[] { "answered 500", "answered 502", "not the expected JSON" })
                Assert.That(
                    Faults().Count(line => line.Contains(reason) && line.Contains("   at Scim.Api.AuthServer")),
                    Is.EqualTo(1), reason);
        }

        leased.AuthServer.Recover();
        await leased.Until(() => leased.Server.HasLease);
        await leased.RenewLease();
        await Fail(Response.Create().WithStatusCode(500));
        Assert.That(Faults().Count(line => line.Contains("answered 500")), Is.EqualTo(2), "a new outage");

        async Task Fail(IResponseBuilder answer)
        {
            leased.AuthServer.Fail(AuthServerPaths.EventsPoll, answer);
            var before = leased.AuthServer.Calls(AuthServerPaths.EventsPoll);
            leased.Events.Wake();
            leased.Time.Advance(TimeSpan.FromSeconds(61));
            await leased.Until(() => leased.AuthServer.Calls(AuthServerPaths.EventsPoll) > before + 3);
        }

        IEnumerable<string> Faults() =>
            leased.Server.Logs.AtLeast(LogLevel.Warning).Where(line => line.Contains("Events of"));
    }

    [Test]
    public async Task Without_events_every_request_is_introspected_which_is_logged_once()
    {
        await using var leased = await LeasedServer.Start(hasEvents: false);
        var token = leased.TokenOf(new());
        for (var i = 0; i < 3; i++)
            Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.OK));
        await leased.Until(() => leased.AuthServer.Calls(AuthServerPaths.EventsPoll) > 1);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(leased.Introspections, Is.EqualTo(3));
            Assert.That(
                leased.Server.Logs.AtLeast(LogLevel.Warning).Count(line => line.Contains("no lease")), Is.EqualTo(1));
        }
        using var probe = leased.Server.ClientWith(null);
        Assert.That((await probe.GetAsync("/health/ready")).StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task A_node_that_missed_events_discards_its_cache()
    {
        await using var leased = await LeasedServer.Start();
        var token = leased.TokenOf(new());
        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.OK));
        var (asked, polls) = (leased.Introspections, leased.Events.Polls.Count);
        leased.Events.ForgetNodes();
        await leased.Until(() => leased.Events.Polls.Count > polls);
        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(leased.Introspections, Is.EqualTo(asked + 1));
    }

    [Test]
    public async Task A_stopping_node_finally_says_that_it_leaves()
    {
        await using var leased = await LeasedServer.Start();
        var (lease, node) = (leased.Server.Services.GetRequiredService<Lease>(), leased.Events.Polls.First().Node);
        await leased.Server.Stop();
        var last = leased.Events.Polls.Last();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((last.Leaves, last.Node), Is.EqualTo((true, node)));
            Assert.That(leased.Events.Polls.Count(poll => poll.Leaves), Is.EqualTo(1));
            Assert.That(lease.IsLive, Is.False);
        }
    }

    [Test]
    public async Task A_node_that_has_left_admits_no_request()
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount();
        var (token, hold) = (leased.TokenOf(account), Probe.HoldCommitOf(account));
        var write = leased.Write(token);
        await hold.Reached;
        leased.Server.Services.GetRequiredService<Lease>().GiveUp();
        hold.Release();
        Assert.That(await write, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
        Assert.That(await leased.Get(token), Is.EqualTo(HttpStatusCode.ServiceUnavailable));
    }

    [Test]
    public async Task A_token_that_is_no_longer_accepted_is_replaced()
    {
        await using var leased = await LeasedServer.Start();
        leased.AuthServer.Fail(AuthServerPaths.EventsPoll, Response.Create().WithStatusCode(401));
        leased.Events.Wake();
        await leased.Until(() => leased.AuthServer.Calls(AuthServerPaths.Token) > 1);
        leased.AuthServer.Recover();
        await leased.RenewLease();
        Assert.That(
            leased.AuthServer.LastForm(AuthServerPaths.Token)["scope"].ToString(), Is.EqualTo(Scopes.PollEvents));
    }

    [TestCase(null, "127.0.0.1")]
    [TestCase("127.0.0.1", "203.0.113.9")]
    [TestCase("192.0.2.1", "127.0.0.1")]
    public async Task Introspection_is_told_which_node_asks_and_for_which_client(string? proxy, string client)
    {
        await using var leased = await LeasedServer.Start(proxy is null ? [] : [$"Scim:KnownProxies:0={proxy}"]);
        using var http = leased.Server.ClientWith("Bearer " + leased.TokenOf(new()));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/scim/v2/probe");
        request.Headers.Add("X-Forwarded-For", "203.0.113.9");
        request.Headers.TryAddWithoutValidation("User-Agent", "Okta\t" + new string('x', 400));
        Assert.That((await http.SendAsync(request)).StatusCode, Is.EqualTo(HttpStatusCode.OK));

        var (form, poll) = (leased.AuthServer.LastForm(AuthServerPaths.Introspection), leased.Events.Polls.Last());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(form[TokenIntrospection.Parameters.Node].ToString(), Is.EqualTo(poll.Node.ToString()));
            Assert.That(form[TokenIntrospection.Parameters.NodeName].ToString(), Is.EqualTo(poll.NodeName));
            Assert.That(poll.NodeName, Does.EndWith($":{new Uri(leased.Server.Url).Port}"));
            Assert.That(form[TokenIntrospection.Parameters.ClientAddress].ToString(), Is.EqualTo(client));
            Assert.That(
                form[TokenIntrospection.Parameters.ClientUserAgent].ToString(),
                Does.StartWith("Oktax").And.Length.EqualTo(300));
        }
    }

    [Test]
    public async Task A_pending_set_is_introspected_until_it_is_active()
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount();
        var (token, questions) = (leased.TokenOf(account), 0);
        leased.AuthServer.Tell(
            token, () => ++questions < 4 ? new() { Active = false, Pending = true } : account.Answer());
        var request = leased.Get(token);
        await leased.Until(() => request.IsCompleted);
        Assert.That(await request, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(questions, Is.EqualTo(4));
    }

    [Test]
    public async Task A_set_that_stays_pending_too_long_is_503()
    {
        await using var leased = await LeasedServer.Start();
        var token = leased.TokenOf(new());
        leased.AuthServer.Tell(token, () => new() { Active = false, Pending = true });
        var began = leased.Time.GetTimestamp();
        var request = leased.Send("GET", "/scim/v2/probe", token);
        await leased.Until(() => request.IsCompleted);
        var refused = await request;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
            Assert.That(refused.Message.Headers.RetryAfter?.Delta?.TotalSeconds, Is.GreaterThan(0));
            Assert.That(leased.Time.GetElapsedTime(began).TotalSeconds, Is.InRange(2.9, 5));
        }
    }
}
