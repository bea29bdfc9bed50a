using System.Diagnostics;
using Auth.Server.Accounts;
using Auth.Server.Events;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Tests.Events;

/// <summary>
/// A node that starts under the name of a stopped one replaces it, so that no revocation waits for the stopped one. A
/// node that is still running, or resumes, is recorded before it gets a response, whichever process it contacts.
/// </summary>
[NonParallelizable]
[Category("Slow")]
public sealed class RetirementTests
{
    private const string Name = "scim:5002";
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(30);
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

    [TestCase("polled")]
    [TestCase("introspected")]
    [TestCase("polled and introspected")]
    public async Task A_killed_node_is_retired_when_another_starts_under_its_name(string before)
    {
        var issued = await server.Generate(account);
        using var killed = await ScimNode.Start(server, scim, Name);
        if (before.Contains("polled", StringComparison.Ordinal))
            await killed.Poll(now: true);
        if (before.Contains("introspected", StringComparison.Ordinal))
            await killed.Introspect(issued.Token!);
        using var other = await ScimNode.Start(server, scim, "another:5002");
        await other.Poll(now: true);

        using var next = await ScimNode.Start(server, scim, Name);
        await Serving([next, other], async () =>
        {
            await Until(async () => !(await Known()).Contains(killed.Id));
            Assert.That(await Known(), Is.EquivalentTo(new[] { next.Id, other.Id }), "a node with another name stays");

            var began = Stopwatch.GetTimestamp();
            var confirmation = (await server.Generate(account)).Set.Confirmation!;
            Assert.That($"{confirmation}", Does.StartWith("Confirmed by 2 of 2 nodes"));
            Assert.That(Stopwatch.GetElapsedTime(began), Is.LessThan(Node.Lease));
        });
    }

    [Test]
    public async Task Two_live_nodes_with_the_same_name_never_retire_each_other()
    {
        using var one = await ScimNode.Start(server, scim, Name);
        await one.Poll(now: true);
        using var other = await ScimNode.Start(server, scim, Name);
        await Serving([one, other], async () =>
        {
            // The retirement of a third node shows that a whole retirement period has passed.
            using var third = await ScimNode.Start(server, scim, Name);
            await third.Poll(now: true);
            using var fourth = await ScimNode.Start(server, scim, Name);
            await fourth.Poll(now: true);
            await Until(async () => !(await Known()).Contains(third.Id));

            Assert.That(await Known(), Is.SupersetOf(new[] { one.Id, other.Id }));
            Assert.That($"{(await server.Generate(account)).Set.Confirmation}", Does.Contain("of 3 nodes"));
        });
    }

    [TestCase("polls")]
    [TestCase("introspects")]
    public async Task A_node_that_is_only_slow_is_not_retired(string sign)
    {
        var issued = await server.Generate(account);
        using var slow = await ScimNode.Start(server, scim, Name);
        await slow.Poll(now: true);
        await slow.Introspect(issued.Token!);
        using var next = await ScimNode.Start(server, scim, Name);
        await next.Poll(now: true);
        Assert.That(await Marked(), Is.EqualTo(new[] { slow.Id }));

        if (sign == "polls")
            await slow.Poll(now: true);
        else
            Assert.That((await slow.Introspect(issued.Token!)).Active);

        Assert.That(await Marked(), Is.Empty, "it was recorded before it got its response");
    }

    [TestCase("polls", true)]
    [TestCase("polls", false)]
    [TestCase("introspects", true)]
    [TestCase("introspects", false)]
    public async Task A_node_that_resumes_after_its_retirement_is_recorded_before_it_gets_a_response(
        string sign, bool fromAnotherProcess)
    {
        if (fromAnotherProcess && !SciLeads.Tests.TestPostgres.IsWanted)
            Assert.Pass("SQLite has one process.");
        await using var second = fromAnotherProcess ? await server.StartNode() : null;
        using var http = second?.CreateClient();
        var issued = await server.Generate(account);
        using var frozen = await ScimNode.Start(server, scim, Name);
        await frozen.Poll(now: true);
        // The node has contacted each process a moment ago.
        await frozen.Introspect(issued.Token!);
        await frozen.Introspect(issued.Token!, http);
        using var next = await ScimNode.Start(server, scim, Name);
        await Serving([next], async () =>
        {
            await Until(async () => !(await Known()).Contains(frozen.Id));
            await server.Generate(account);

            if (sign == "polls")
                Assert.That((await frozen.PollOnce()).Reset, "it must reset");
            else
                Assert.That((await frozen.Introspect(issued.Token!, http)).Active, Is.False);

            // An inactive token does not record the node; the next live one does.
            var current = await server.Generate(account);
            if (sign == "introspects")
                Assert.That((await frozen.Introspect(current.Token!, http)).Active);
            Assert.That(await Known(), Does.Contain(frozen.Id));
            Assert.That(
                $"{(await server.Generate(account)).Set.Confirmation}", Does.StartWith("Confirmed by 1 of 2 nodes"),
                "it is waited for");
        });
    }

    [Test]
    public async Task A_mark_left_by_a_killed_process_still_leads_to_retirement()
    {
        using var killed = await ScimNode.Start(server, scim, Name);
        await killed.Poll(now: true);
        await server.WithDatabase(db => db.Nodes.ExecuteUpdateAsync(
            change => change.SetProperty(node => node.Retirement, Guid.NewGuid())));
        await Until(async () => (await Known()).Length == 0);
    }

    private static async Task Serving(ScimNode[] nodes, Func<Task> act)
    {
        using var stop = new CancellationTokenSource();
        var serving = Task.WhenAll(nodes.Select(node => node.Serve(stop.Token)));
        await act();
        await stop.CancelAsync();
        await serving;
    }

    private static async Task Until(Func<Task<bool>> isSo)
    {
        using var limit = new CancellationTokenSource(patience);
        while (!await isSo())
            await Task.Delay(20, limit.Token);
    }

    private Task<Guid[]> Known() =>
        server.WithDatabase(db => db.Nodes.Select(node => node.Id).ToArrayAsync());

    private Task<Guid[]> Marked() => server.WithDatabase(
        db => db.Nodes.Where(node => node.Retirement != null).Select(node => node.Id).ToArrayAsync());
}
