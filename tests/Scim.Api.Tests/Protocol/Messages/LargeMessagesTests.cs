using Microsoft.Extensions.Time.Testing;
using Scim.Api.Protocol.Messages;

namespace Scim.Api.Tests.Protocol.Messages;

/// <summary>The slots of large messages, and the requests that wait for them.</summary>
[Parallelizable]
internal sealed class LargeMessagesTests
{
    private readonly FakeTimeProvider time = new();

    [Test]
    public async Task An_account_cannot_take_the_slots_of_others()
    {
        using var slots = new LargeMessages(time);
        var (one, other) = (Guid.NewGuid(), Guid.NewGuid());
        var taken = await Take(slots, one, LargeMessages.PerAccount);
        var waiting = slots.Enter(one, default);
        Assert.That(waiting.IsCompleted, Is.False);
        Assert.That(slots.Enter(other, default).IsCompletedSuccessfully);
        taken[0].Dispose();
        Assert.That(async () => await waiting, Throws.Nothing);
    }

    [Test]
    public async Task Waiting_too_long_for_a_slot_of_the_account_is_429_and_of_the_node_503()
    {
        using var slots = new LargeMessages(time);
        var crowd = new List<(Guid Account, List<IDisposable> Slots)>();
        for (var i = 0; i < LargeMessages.PerNode / LargeMessages.PerAccount; i++)
        {
            var account = Guid.NewGuid();
            crowd.Add((account, await Take(slots, account, LargeMessages.PerAccount)));
        }
        var greedy = slots.Enter(crowd[0].Account, default);
        var newcomer = slots.Enter(Guid.NewGuid(), default);
        time.Advance(LargeMessages.SlotTimeout);
        var (tooMany, unavailable) = (await Refusal(greedy), await Refusal(newcomer));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((tooMany.Status, unavailable.Status), Is.EqualTo((429, 503)));
            Assert.That(tooMany.RetryAfter, Is.Positive);
            Assert.That(unavailable.RetryAfter, Is.Positive);
        }
        // The refused requests hold no slot.
        crowd.ForEach(account => account.Slots.ForEach(slot => slot.Dispose()));
        foreach (var (account, _) in crowd)
            Assert.That(
                await Take(slots, account, LargeMessages.PerAccount), Has.Count.EqualTo(LargeMessages.PerAccount));
    }

    [Test]
    public async Task Another_account_is_next_however_many_messages_one_account_sends()
    {
        using var slots = new LargeMessages(time);
        var crowd = new List<IDisposable>();
        for (var i = 0; i < LargeMessages.PerNode / LargeMessages.PerAccount; i++)
            crowd.AddRange(await Take(slots, Guid.NewGuid(), LargeMessages.PerAccount));
        var flood = Guid.NewGuid();
        var floods = Enumerable.Range(0, 50).Select(_ => slots.Enter(flood, default)).ToList();
        var quiet = slots.Enter(Guid.NewGuid(), default);
        for (var i = 0; i <= LargeMessages.PerAccount; i++)
            crowd[i].Dispose();
        await quiet;
        Assert.That(floods.Count(one => one.IsCompleted), Is.LessThanOrEqualTo(LargeMessages.PerAccount));
    }

    [Test]
    public async Task The_number_of_waiting_messages_is_limited()
    {
        using var slots = new LargeMessages(time);
        var account = Guid.NewGuid();
        await Take(slots, account, LargeMessages.PerAccount);
        var all = Enumerable.Range(0, 200).Select(_ => slots.Enter(account, default)).ToList();
        Assert.That((await Refusal(all[^1])).Status, Is.EqualTo(429), "immediately");
        Assert.That(all[0].IsCompleted, Is.False);
    }

    [Test]
    public async Task A_client_that_disconnects_makes_room()
    {
        using var slots = new LargeMessages(time);
        using var gone = new CancellationTokenSource();
        var account = Guid.NewGuid();
        var taken = await Take(slots, account, LargeMessages.PerAccount);
        var leaving = slots.Enter(account, gone.Token);
        var next = slots.Enter(account, default);
        await gone.CancelAsync();
        Assert.That(
            async () => await leaving, Throws.InstanceOf<OperationCanceledException>().Or.TypeOf<ScimException>());
        taken[0].Dispose();
        Assert.That(async () => await next, Throws.Nothing);
    }

    private static async Task<List<IDisposable>> Take(LargeMessages slots, Guid account, int count)
    {
        var taken = new List<IDisposable>();
        for (var i = 0; i < count; i++)
            taken.Add(await slots.Enter(account, default));
        return taken;
    }

    private static async Task<ScimError> Refusal(Task<IDisposable> entering)
    {
        try
        {
            await entering;
        }
        catch (ScimException refused)
        {
            return refused.Error;
        }
        throw new AssertionException("It was let in.");
    }
}
