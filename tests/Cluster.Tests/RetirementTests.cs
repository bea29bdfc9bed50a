using System.Diagnostics;

namespace Cluster.Tests;

/// <summary>
/// A node is frozen, another is started with its name, credentials are rotated, and the first continues: it admits no
/// request by what it has cached, although no barrier waits for it any more.
/// </summary>
public sealed class RetirementTests
{
    private const int Rounds = 4;
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task A_frozen_node_whose_name_was_taken_does_not_admit_requests_from_its_cache()
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
                await provider.IsAdmittedBy(frozen), Is.True, $"it has cached the credentials. {cluster.Logs()}");
            // Requests continue; those to the frozen node are answered when it continues.
            frozen.Pause();
            await using var twin = frozen.Twin();
            await twin.Start();
            Assert.That(await provider.IsAdmittedBy(twin), Is.True, cluster.Logs());

            var began = Stopwatch.GetTimestamp();
            var confirmation = await customer.Rotate();
            // The confirmation says how many nodes it waited for, even if they did not answer on a busy machine.
            while (!confirmation.Contains(" of 2 nodes", StringComparison.Ordinal)
                && Stopwatch.GetElapsedTime(began) < patience)
                confirmation = await customer.Rotate();
            tally.CountBarrier(confirmation);
            await TestContext.Out.WriteLineAsync(confirmation);
            Assert.That(confirmation, Does.Contain(" of 2 nodes"), "the barrier does not wait for the frozen node");

            frozen.Resume();
            await customer.Rotate();
            Assert.That(await provider.IsAdmittedBy(frozen), Is.True, cluster.Logs());
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
