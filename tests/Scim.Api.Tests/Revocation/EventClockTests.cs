using Scim.Api.Revocation;

namespace Scim.Api.Tests.Revocation;

[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class EventClockTests
{
    private readonly Guid account = Guid.NewGuid();
    private readonly EventClock clock = new(new Lease(TimeProvider.System), TimeProvider.System);

    [Test]
    public void An_event_of_the_account_outdates_earlier_readings()
    {
        var before = clock.Read();
        clock.Advance(new() { Account = account });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(clock.IsCurrent(account, before), Is.False);
            Assert.That(clock.IsCurrent(account, clock.Read()), Is.True);
            Assert.That(clock.IsCurrent(Guid.NewGuid(), before), Is.True);
            Assert.That(clock.IsCurrent(null, before), Is.True);
        }
    }

    [Test]
    public void An_event_for_all_accounts_counts_for_each()
    {
        var before = clock.Read();
        clock.Advance(new());
        Assert.That(clock.IsCurrent(account, before), Is.False);
        Assert.That(clock.IsCurrent(null, before), Is.False);
    }

    [Test]
    public void The_minimum_generation_is_never_lowered()
    {
        clock.Advance(new() { Account = account, Generation = 5 });
        clock.Advance(new() { Account = account, Generation = 3 });
        clock.Advance(new() { Account = account });
        Assert.That(clock.Admits(account, 4), Is.False);
        Assert.That(clock.Admits(account, 5), Is.True);
    }

    [Test]
    public void Dropping_all_accounts_outdates_all_earlier_readings()
    {
        clock.Advance(new() { Account = account });
        for (var number = 1; number < EventClock.MaxAccounts; number++)
            clock.Advance(new() { Account = Guid.NewGuid() });
        var before = clock.Read();
        Assert.That(clock.IsCurrent(account, before), Is.True);
        clock.Advance(new() { Account = Guid.NewGuid() });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(clock.IsCurrent(account, before), Is.False);
            Assert.That(clock.IsCurrent(account, clock.Read()), Is.True);
        }
    }
}
