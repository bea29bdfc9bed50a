using System.Globalization;

// Sends Unix signals.
[assembly: System.Runtime.Versioning.UnsupportedOSPlatform("windows")]

namespace Cluster.Tests;

/// <summary>
/// The guarantee, under every fault: when a call that ends a credential set has returned, no node admits a request that
/// begins afterwards with it, and no write of it is committed. <c>CLUSTER_ROUNDS</c> is the number of rounds, ten by
/// default, so that each fault occurs, and, with <c>TEST_NIGHTLY=1</c>, three hundred; <c>CLUSTER_SEED</c> repeats a run.
/// </summary>
public sealed class RevocationTests
{
    private const int Customers = 5;
    private static readonly TimeSpan pauseFor = TimeSpan.FromSeconds(10);

    private readonly Tally tally = new();
    private ClusterOfNodes cluster = null!;
    private Customer[] customers = null!;
    private Random chance = null!;

    [Test]
    public async Task An_ended_set_is_refused_by_every_node_when_the_call_has_returned()
    {
        var isNightly = Environment.GetEnvironmentVariable("TEST_NIGHTLY") is not null;
        var rounds = Number("CLUSTER_ROUNDS", isNightly ? 300 : 10);
        var seed = Number("CLUSTER_SEED", 4711);
        chance = new(seed);
        await using var started = cluster = await ClusterOfNodes.Start();
        customers = await Task.WhenAll(
            Enumerable.Range(0, Customers).Select(i => Customer.Open(cluster, $"Customer {i}")));
        using var stop = new CancellationTokenSource();
        var work = Task.WhenAll(
            customers.SelectMany((customer, i) => Load(customer, (100 * seed) + (10 * i), stop.Token)));

        for (var round = 0; round < rounds; round++)
        {
            await Disturb(round);
            Assert.That(tally.Stale, Is.Empty, $"round {round}");
            await RequireLife();
        }

        await stop.CancelAsync();
        await work;
        foreach (var set in customers.SelectMany(customer => customer.Sets))
            tally.CountWrites(set, await cluster.WritesOf(set.Id));
        await TestContext.Out.WriteLineAsync($"{rounds} rounds, seed {seed}: {tally}");
        Assert.That(tally.Stale, Is.Empty);
        Assert.That(tally.CountOf(200) + tally.CountOf(201), Is.GreaterThan(100), "Hardly any request succeeded.");
        Assert.That(tally.RefusedInTime, Is.GreaterThan(100), "Nothing was tried.");
    }

    private IEnumerable<Task> Load(Customer customer, int seed, CancellationToken until) =>
    [
        .. Enumerable.Range(0, 3).Select(i => new IdentityProvider(cluster, customer, tally, seed + i).Work(until)),
        new IdentityProvider(cluster, customer, tally, seed + 3).WriteSlowly(until),
    ];

    /// <summary>Rotates the credentials of all customers during a fault.</summary>
    private Task Disturb(int round) => (round % 10) switch
    {
        1 or 6 => SlowAnswers(),
        2 => CutWires(),
        3 => KillScim(),
        4 => KillAuth(),
        5 => PauseScim(),
        8 => LoseDatabase(),
        _ => Rotate(),
    };

    private async Task Rotate()
    {
        for (var times = 0; times < 3; times++)
        {
            foreach (var confirmation in await Task.WhenAll(customers.Select(customer => customer.Rotate())))
                tally.CountBarrier(confirmation);
            await Task.Delay(100);
        }
    }

    /// <summary>Introspection responses that are in flight while the set ends.</summary>
    private async Task SlowAnswers()
    {
        foreach (var wire in cluster.Wires)
            wire.Delay = () =>
                Random.Shared.Next(3) == 0 ? TimeSpan.FromMilliseconds(Random.Shared.Next(20, 400)) : TimeSpan.Zero;
        await Rotate();
        foreach (var wire in cluster.Wires)
            wire.Delay = () => TimeSpan.Zero;
    }

    private async Task CutWires()
    {
        var wire = cluster.Wires[chance.Next(cluster.Wires.Count)];
        var rotating = Rotate();
        for (var times = 0; times < 10; times++)
        {
            cluster.Wires[chance.Next(cluster.Wires.Count)].Cut();
            await Task.Delay(chance.Next(100));
        }
        wire.IsDown = true;
        wire.Cut();
        await rotating;
        await Rotate();
        wire.IsDown = false;
    }

    private async Task KillScim()
    {
        var node = cluster.Scim[chance.Next(cluster.Scim.Count)];
        var rotating = Rotate();
        await Task.Delay(chance.Next(50));
        await node.Kill();
        await rotating;
        await node.Start();
    }

    private async Task KillAuth()
    {
        var node = cluster.Auth[chance.Next(cluster.Auth.Count)];
        var rotating = Rotate();
        await Task.Delay(chance.Next(100));
        await node.Kill();
        await rotating;
        await node.Start();
    }

    /// <summary>A node is frozen for ten seconds, and then continues with the requests that it had.</summary>
    private async Task PauseScim()
    {
        var node = cluster.Scim[chance.Next(cluster.Scim.Count)];
        var rotating = Rotate();
        await Task.Delay(chance.Next(50));
        node.Pause();
        await rotating;
        await Task.WhenAll(Rotate(), Task.Delay(pauseFor));
        node.Resume();
    }

    private async Task LoseDatabase()
    {
        var rotating = Rotate();
        await Task.Delay(chance.Next(100));
        await Task.Run(cluster.Database.Stop);
        await Task.Delay(TimeSpan.FromSeconds(2));
        await Task.Run(cluster.Database.Start);
        await rotating;
    }

    /// <summary>After any fault, every node soon admits the new credentials of all customers.</summary>
    private async Task RequireLife()
    {
        foreach (var customer in customers)
        {
            foreach (var node in cluster.Scim)
            {
                Assert.That(
                    await new IdentityProvider(cluster, customer, tally, 0).IsAdmittedBy(node), Is.True,
                    $"{node.Name} does not admit the new credentials. {cluster.Logs()}");
            }
        }
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(
            Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture,
            out var number)
            ? number
            : otherwise;
}
