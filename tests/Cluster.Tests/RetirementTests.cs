using System.Diagnostics;

namespace Cluster.Tests;

/// <summary>
/// A node stands still, another is started under its name, credentials are rotated, and the first goes on: it lets
/// nobody in by what it knew, although nobody waits for it any more.
/// </summary>
public sealed class RetirementTests
{
    private const int Rounds = 4;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task A_node_that_stood_still_while_its_name_was_taken_lets_nobody_in_by_what_it_knew()
    {
        var tally = new Tally();
        await using var cluster = await ClusterOfNodes.Start(nodes: 2);
        var customer = await Customer.Open(cluster, "Customer");
        var provider = new IdentityProvider(cluster, customer, tally, 4711);
        var frozen = cluster.Scim[0];
        using var stop = new CancellationTokenSource();
        var work = Task.WhenAll(
            Enumerable.Range(0, 6).Select(i => new IdentityProvider(cluster, customer, tally, i).Work(stop.Token)));

        for (var round = 0; round < Rounds; round++)
        {
            Assert.That(
                await provider.IsLetInBy(frozen), Is.True, $"it has the credentials in its cache. {cluster.Logs()}");
            // Requests go on; those to the node that stands still are answered when it goes on.
            frozen.Pause();
            await using var twin = frozen.Twin();
            await twin.Start();
            Assert.That(await provider.IsLetInBy(twin), Is.True, cluster.Logs());

            var began = Stopwatch.GetTimestamp();
            var confirmation = await customer.Rotate();
            // It says how many nodes it waited for, whether or not they answered on a busy machine.
            while (!confirmation.Contains(" of 2 nodes", StringComparison.Ordinal)
                && Stopwatch.GetElapsedTime(began) < patience)
                confirmation = await customer.Rotate();
            tally.CountBarrier(confirmation);
            await TestContext.Out.WriteLineAsync(confirmation);
            Assert.That(confirmation, Does.Contain(" of 2 nodes"), "the node that stands still is not waited for");

            frozen.Resume();
            await customer.Rotate();
            Assert.That(await provider.IsLetInBy(frozen), Is.True, cluster.Logs());
            Assert.That(tally.Stale, Is.Empty, $"round {round}");
        }

        await stop.CancelAsync();
        await work;
        foreach (var set in customer.Sets)
            tally.CountWrites(set, await cluster.WritesOf(set.Id));
        await TestContext.Out.WriteLineAsync($"{Rounds} rounds: {tally}");
        Assert.That(tally.Stale, Is.Empty);
        Assert.That(tally.RefusedInTime, Is.GreaterThan(10), "Nothing was tried.");
    }
}
