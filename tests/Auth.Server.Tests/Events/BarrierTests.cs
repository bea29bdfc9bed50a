using System.Diagnostics;
using Auth.Server.Accounts;
using Auth.Server.Events;
using Auth.Server.Tests.Connect;
using Shared.Contracts;

namespace Auth.Server.Tests.Events;

/// <summary>When the call that ends a set returns, and what it reports.</summary>
[NonParallelizable]
[Category("Slow")]
public sealed class BarrierTests
{
    private AuthServer server = null!;
    private ResourceServer scim = null!;
    private Account account = null!;

    [SetUp]
    public async Task Start()
    {
        server = await AuthServer.Start();
        scim = await ResourceServer.Register(server);
        account = await server.CreateAccount();
    }

    [TearDown]
    public async Task Stop()
    {
        scim.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task Without_nodes_nothing_is_confirmed_and_there_is_no_wait()
    {
        var (confirmation, elapsed) = await Generate();
        Assert.That(confirmation, Does.StartWith("Not confirmed"));
        Assert.That(elapsed, Is.LessThan(Node.Lease));
    }

    [Test]
    public async Task It_returns_when_every_node_has_acknowledged()
    {
        using var one = await ScimNode.Start(server, scim, "scim-1");
        using var two = await ScimNode.Start(server, scim, "scim-2");
        await one.Poll();
        await two.Poll();
        using var stop = new CancellationTokenSource();
        var serving = Task.WhenAll(one.Serve(stop.Token), two.Serve(stop.Token));

        var (confirmation, elapsed) = await Generate();

        Assert.That(confirmation, Does.StartWith("Confirmed by 2 of 2 nodes in "));
        Assert.That(elapsed, Is.LessThan(Node.Lease));
        await stop.CancelAsync();
        await serving;
    }

    [Test]
    public async Task It_waits_for_a_node_that_has_the_event_but_has_not_applied_it()
    {
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        var waiting = node.Poll();
        var generating = Generate();
        var jti = (await waiting).Sets.Keys.Single();

        for (var times = 0; times < 20; times++)
        {
            Assert.That((await node.Poll(now: true)).Sets.Keys, Is.EqualTo(new[] { jti }));
            Assert.That(generating.IsCompleted, Is.False);
        }

        await node.Poll(now: true, ack: jti);

        Assert.That((await generating).Confirmation, Does.StartWith("Confirmed by 1 of 1 node"));
    }

    [Test]
    public async Task It_waits_for_the_lease_of_an_unresponsive_node_and_names_it()
    {
        using var silent = await ScimNode.Start(server, scim, "scim-silent");
        using var live = await ScimNode.Start(server, scim, "scim-live");
        await silent.Poll();
        await live.Poll();
        using var stop = new CancellationTokenSource();
        var serving = live.Serve(stop.Token);

        var (confirmation, elapsed) = await Generate();

        Assert.That(elapsed, Is.GreaterThan(Node.Lease).And.LessThan(TimeSpan.FromSeconds(10)));
        Assert.That(confirmation, Does.StartWith("Confirmed by 1 of 2 nodes. scim-silent did not answer"));
        await stop.CancelAsync();
        await serving;
    }

    [Test]
    public async Task It_waits_for_a_node_that_has_only_introspected()
    {
        using var node = await ScimNode.Start(server, scim);
        await node.Introspect((await server.Generate(account)).Token!);

        var (confirmation, elapsed) = await Generate();

        Assert.That(elapsed, Is.GreaterThan(Node.Lease));
        Assert.That(confirmation, Does.StartWith("Confirmed by 0 of 1 node."));
    }

    [Test]
    public async Task It_does_not_wait_for_a_node_that_has_left()
    {
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        await node.Poll(leaves: true);

        var (confirmation, elapsed) = await Generate();

        Assert.That(confirmation, Does.StartWith("Not confirmed"));
        Assert.That(elapsed, Is.LessThan(Node.Lease));
    }

    [Test]
    public async Task It_does_not_wait_for_a_node_without_contact_for_an_hour()
    {
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        server.Time.Advance(Node.Memory + TimeSpan.FromSeconds(1));
        Assert.That((await Generate()).Confirmation, Does.StartWith("Not confirmed"));
    }

    [Test]
    public async Task The_database_clock_does_not_matter()
    {
        // As after a failover to a database whose clock is ahead.
        using var node = await ScimNode.Start(server, scim);
        await node.Poll();
        server.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.That((await Generate()).Elapsed, Is.GreaterThan(Node.Lease));
    }

    private async Task<(string Confirmation, TimeSpan Elapsed)> Generate()
    {
        var watch = Stopwatch.StartNew();
        var issued = await server.Generate(account, CredentialMethods.DirectJwt);
        return (issued.Set.Confirmation!, watch.Elapsed);
    }
}
