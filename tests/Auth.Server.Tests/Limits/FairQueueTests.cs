using System.Net;
using Auth.Server.Administrators;
using Auth.Server.Limits;

namespace Auth.Server.Tests.Limits;

public sealed class FairQueueTests
{
    private static readonly Visitor attacker = From("203.0.113.7");

    [Test]
    public async Task Only_a_fixed_number_proceed_at_a_time()
    {
        var queue = new FairQueue(atOnce: 2, places: 10);
        var first = await queue.Enter(attacker, CancellationToken.None);
        var second = await queue.Enter(attacker, CancellationToken.None);
        var third = queue.Enter(attacker, CancellationToken.None);
        Assert.That(third.IsCompleted, Is.False);

        first!.Dispose();
        first.Dispose();

        Assert.That(await third, Is.Not.Null);
        Assert.That(queue.Enter(attacker, CancellationToken.None).IsCompleted, Is.False, "left twice, counted once");
        second!.Dispose();
    }

    [Test]
    public async Task Turns_are_round_robin_by_network()
    {
        var queue = new FairQueue(atOnce: 1, places: 10);
        var order = new List<string>();
        using var door = await queue.Enter(attacker, CancellationToken.None);
        var waiting = new List<Task>();
        foreach (var from in new[] { "203.0.113.7", "203.0.113.7", "203.0.113.7", "192.0.2.1", "192.0.2.2", "192.0.2.1" })
            waiting.Add(Wait(from));

        door!.Dispose();
        await Task.WhenAll(waiting);

        Assert.That(order, Is.EqualTo(new[]
        {
            "203.0.113.7", "192.0.2.1", "192.0.2.2", "203.0.113.7", "192.0.2.1", "203.0.113.7",
        }));

        async Task Wait(string from)
        {
            using var turn = await queue.Enter(From(from), CancellationToken.None);
            lock (order)
                order.Add(from);
        }
    }

    [Test]
    public async Task A_flood_displaces_only_itself()
    {
        var queue = new FairQueue(atOnce: 1, places: 4);
        using var door = await queue.Enter(attacker, CancellationToken.None);
        var flood = Enumerable.Range(0, 4).Select(_ => queue.Enter(attacker, CancellationToken.None)).ToList();
        Assert.That(await queue.Enter(attacker, CancellationToken.None), Is.Null, "its own share is full");

        var office = queue.Enter(From("192.0.2.1"), CancellationToken.None);

        Assert.That(office.IsCompleted, Is.False, "it waits");
        Assert.That(await flood[3], Is.Null, "it replaces the flood's newest");
        Assert.That(flood.Take(3).Any(turn => turn.IsCompleted), Is.False);
    }

    [Test]
    public async Task Unknown_callers_cannot_take_places_or_turns_of_known_browsers()
    {
        var queue = new FairQueue(atOnce: 1, places: 4);
        using var door = await queue.Enter(attacker, CancellationToken.None);
        var flood = Enumerable.Range(0, 4)
            .Select(i => queue.Enter(From($"192.0.2.{i}"), CancellationToken.None)).ToList();

        var known = queue.Enter(attacker with { Device = new(Guid.NewGuid(), Guid.NewGuid()) }, CancellationToken.None);
        door!.Dispose();

        using var turn = await known;
        Assert.That(turn, Is.Not.Null);
        Assert.That(flood.Any(one => one.IsCompleted), Is.False);
    }

    [Test]
    public async Task Unknown_callers_get_every_second_turn()
    {
        var queue = new FairQueue(atOnce: 1, places: 10);
        var door = await queue.Enter(attacker, CancellationToken.None);
        var device = new Device(Guid.NewGuid(), Guid.NewGuid());
        var known = Enumerable.Range(0, 3)
            .Select(_ => queue.Enter(new Visitor(Device: device), CancellationToken.None)).ToList();
        var stranger = queue.Enter(attacker, CancellationToken.None);

        door!.Dispose();
        (await known[0])!.Dispose();

        Assert.That(await stranger, Is.Not.Null);
        Assert.That(known[1].IsCompleted, Is.False);
    }

    [Test]
    public async Task A_cancelled_caller_gives_up_the_place()
    {
        var queue = new FairQueue(atOnce: 1, places: 1);
        using var door = await queue.Enter(attacker, CancellationToken.None);
        using var leaving = new CancellationTokenSource();
        var left = queue.Enter(attacker, leaving.Token);

        await leaving.CancelAsync();

        Assert.That(async () => await left, Throws.InstanceOf<OperationCanceledException>());
        var next = queue.Enter(attacker, CancellationToken.None);
        door!.Dispose();
        Assert.That(await next, Is.Not.Null);
    }

    [Test]
    public async Task No_turn_is_lost_and_the_limit_is_never_exceeded()
    {
        var queue = new FairQueue(atOnce: 3, places: 8);
        var (inside, most) = (0, 0);
        await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Task.Run(async () =>
        {
            using var leaving = new CancellationTokenSource();
            if (i % 7 == 0)
                leaving.CancelAfter(TimeSpan.FromMilliseconds(i % 5));
            try
            {
                using var turn = await queue.Enter(From($"192.0.2.{i % 20}"), leaving.Token);
                if (turn is null)
                    return;
                var now = Interlocked.Increment(ref inside);
                lock (queue)
                    most = Math.Max(most, now);
                await Task.Yield();
                Interlocked.Decrement(ref inside);
            }
            catch (OperationCanceledException)
            {
            }
        })));

        Assert.That(most, Is.InRange(1, 3));
        for (var i = 0; i < 3; i++)
            Assert.That(
                queue.Enter(attacker, CancellationToken.None).IsCompletedSuccessfully, "all turns are free again");
    }

    private static Visitor From(string address) => new(IPAddress.Parse(address));
}
