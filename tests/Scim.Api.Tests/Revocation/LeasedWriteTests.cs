using System.Net;
using SciLeads.Tests;
using Shared.Contracts;

namespace Scim.Api.Tests.Revocation;

/// <summary>
/// Writes in progress when the credentials of their caller end, or when it is not known whether they have ended.
/// </summary>
[Parallelizable(ParallelScope.All)]
[Category("Slow")]
public sealed class LeasedWriteTests
{
    // Long enough for something to happen that should not.
    private static readonly TimeSpan AWhile = TimeSpan.FromSeconds(1);

    [Test]
    public async Task A_write_that_begins_after_the_event_is_401()
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount();
        var (token, hold) = (leased.TokenOf(account), Probe.HoldWriteOf(account));
        var write = leased.Write(token);
        await hold.Reached;
        await leased.Replace(account);
        hold.Release();
        Assert.That(await write, Is.EqualTo(HttpStatusCode.Unauthorized));
        Assert.That(await Probe.HasWritten(leased.Server, account), Is.False);
    }

    [Test]
    public async Task An_administrators_write_that_begins_after_the_event_is_503()
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount();
        var (token, hold) = (leased.AuthServer.IssuePortalToken(account), Probe.HoldWriteOf(account));
        var write = leased.WriteInPortal(token);
        await hold.Reached;
        await leased.Events.Send(new() { Account = account.Id }, SecurityEvents.SessionRevoked);
        hold.Release();
        Assert.That(await write, Is.EqualTo(HttpStatusCode.ServiceUnavailable), "the next request gets the reason");
        Assert.That(await Probe.HasWritten(leased.Server, account), Is.False);
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task An_event_waits_for_the_writes_that_have_begun(bool inPortal)
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount();
        var hold = Probe.HoldCommitOf(account);
        var write = inPortal
            ? leased.WriteInPortal(leased.AuthServer.IssuePortalToken(account))
            : leased.Write(leased.TokenOf(account));
        await hold.Reached;
        var applied = leased.Events.Send(new() { Account = account.Id }, SecurityEvents.SessionRevoked);
        Assert.That(await Task.WhenAny(applied, Task.Delay(AWhile)), Is.Not.SameAs(applied));
        hold.Release();
        Assert.That(await write, Is.EqualTo(HttpStatusCode.NoContent));
        await applied;
    }

    [Test]
    public async Task The_fence_waits_for_the_writes_of_other_nodes()
    {
        await using var one = await LeasedServer.Start();
        await using var other = await LeasedServer.Start(settings: [$"ConnectionStrings:Scim={one.Server.Database}"]);
        var account = new TestAccount();
        var hold = Probe.HoldCommitOf(account);
        var write = one.Write(one.TokenOf(account));
        await hold.Reached;
        var applied = other.Replace(account);
        Assert.That(await Task.WhenAny(applied, Task.Delay(AWhile)), Is.Not.SameAs(applied));
        hold.Release();
        Assert.That(await write, Is.EqualTo(HttpStatusCode.NoContent));
        await applied;
    }

    [Test]
    public async Task A_write_whose_lease_expires_before_its_commit_is_503_and_changes_nothing()
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount();
        var (token, hold) = (leased.TokenOf(account), Probe.HoldCommitOf(account));
        var write = leased.Send("POST", "/scim/v2/probe", token);
        await hold.Reached;
        await leased.LoseLease();
        hold.Release();

        var refused = await write;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
            Assert.That(refused.Message.Headers.RetryAfter?.Delta?.TotalSeconds, Is.GreaterThan(0));
            Assert.That(refused.Message.Headers.WwwAuthenticate, Is.Empty);
            Assert.That(await Probe.HasWritten(leased.Server, account), Is.False);
        }
    }

    [Test]
    public async Task A_write_may_commit_under_a_renewed_lease()
    {
        await using var leased = await LeasedServer.Start();
        var account = new TestAccount();
        var (token, hold) = (leased.TokenOf(account), Probe.HoldCommitOf(account));
        var write = leased.Write(token);
        await hold.Reached;
        for (var renewals = 0; renewals < 2; renewals++)
        {
            leased.Time.Advance(TimeSpan.FromSeconds(40));
            await leased.RenewLease();
        }
        hold.Release();
        Assert.That(await write, Is.EqualTo(HttpStatusCode.NoContent));
    }

    /// <summary>A node may be frozen after its last check. On SQLite, nothing else could tell.</summary>
    [Test]
    public async Task A_write_that_reaches_PostgreSQL_after_the_lease_has_expired_is_503_and_changes_nothing()
    {
        await using var leased = await LeasedServer.Start();
        leased.Events.LeaseMilliseconds = 500;
        await leased.RenewLease();
        var account = new TestAccount();
        var (token, hold) = (leased.TokenOf(account), Probe.HoldCommitOf(account));
        var write = leased.Write(token);
        await hold.Reached;
        // The node's own clock stands still.
        await Task.Delay(AWhile);
        hold.Release();
        Assert.That(
            await write,
            Is.EqualTo(TestPostgres.IsWanted ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.NoContent));
        Assert.That(await Probe.HasWritten(leased.Server, account), Is.Not.EqualTo(TestPostgres.IsWanted));
    }

    /// <summary>SQLite has one writer, in this process.</summary>
    [Test]
    public async Task A_frozen_node_does_not_keep_the_writers_of_other_nodes_waiting()
    {
        if (!TestPostgres.IsWanted)
            return;
        await using var frozen = await LeasedServer.Start();
        await using var other = await LeasedServer.Start(
            settings: [$"ConnectionStrings:Scim={frozen.Server.Database}"]);
        var account = new TestAccount();
        var hold = Probe.HoldCommitOf(account);
        var write = frozen.Write(frozen.TokenOf(account));
        await hold.Reached;
        Assert.That(await other.Write(other.TokenOf(account)), Is.EqualTo(HttpStatusCode.NoContent));
        hold.Release();
        Assert.That(await write, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
    }

    [TestCase(0.1, HttpStatusCode.NoContent)]
    [TestCase(0.9, HttpStatusCode.ServiceUnavailable)]
    public async Task Without_a_lease_a_response_is_valid_for_a_second_from_before_its_request(
        double seconds, HttpStatusCode expected)
    {
        await using var unleased = await LeasedServer.Start(hasEvents: false);
        var account = new TestAccount();
        var (token, hold) = (unleased.TokenOf(account), Probe.HoldCommitOf(account));
        unleased.AuthServer.Tell(token, () =>
        {
            unleased.Time.Advance(TimeSpan.FromSeconds(0.1));
            return account.Answer();
        });
        var write = unleased.Write(token);
        await hold.Reached;
        unleased.Time.Advance(TimeSpan.FromSeconds(seconds));
        hold.Release();
        Assert.That(await write, Is.EqualTo(expected));
        Assert.That(await Probe.HasWritten(unleased.Server, account), Is.EqualTo(expected == HttpStatusCode.NoContent));
    }

    [Test]
    public async Task A_long_bulk_request_is_admitted_again_for_each_operation()
    {
        await using var unleased = await LeasedServer.Start(hasEvents: false);
        var account = new TestAccount();
        var token = unleased.TokenOf(account);
        unleased.AuthServer.Tell(token, () =>
        {
            unleased.Time.Advance(TimeSpan.FromSeconds(0.4));
            return account.Answer();
        });
        using var client = unleased.Server.ClientWith("Bearer " + token);
        var operations = string.Join(',', Enumerable.Range(0, 4).Select(number =>
            $$"""{"method":"POST","path":"/Users","bulkId":"{{number}}","data":{{Requests.NewUser($"u{number}@example.com")}} }"""));
        var answer = await client.Post("/scim/v2/Bulk",
            $$"""{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{{operations}}]}""");
        Assert.That(
            answer["Operations"]!.AsArray().Select(operation => (string?)operation!["status"]), Is.All.EqualTo("201"));
    }
}
