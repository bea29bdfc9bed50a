using Scim.Api.Tokens;

namespace Scim.Api.Tests.Tokens;

[Parallelizable(ParallelScope.All)]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class FloorsTests
{
    private readonly Guid account = Guid.NewGuid();
    private readonly Floors floors = new();

    [Test]
    public void What_was_asked_before_an_event_of_the_account_is_out_of_date()
    {
        var before = floors.Last;
        floors.Raise(new() { Account = account });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(floors.IsUnchanged(account, before), Is.False);
            Assert.That(floors.IsUnchanged(account, floors.Last), Is.True);
            Assert.That(floors.IsUnchanged(Guid.NewGuid(), before), Is.True);
            Assert.That(floors.IsUnchanged(null, before), Is.True);
        }
    }

    [Test]
    public void An_event_of_everybody_is_one_of_each()
    {
        var before = floors.Last;
        floors.Raise(new());
        Assert.That(floors.IsUnchanged(account, before), Is.False);
        Assert.That(floors.IsUnchanged(null, before), Is.False);
    }

    [Test]
    public void A_floor_is_only_raised()
    {
        floors.Raise(new() { Account = account, Generation = 5 });
        floors.Raise(new() { Account = account, Generation = 3 });
        floors.Raise(new() { Account = account });
        Assert.That(floors.Admits(account, 4), Is.False);
        Assert.That(floors.Admits(account, 5), Is.True);
    }

    [Test]
    public void When_accounts_are_forgotten_all_that_was_asked_before_is_out_of_date()
    {
        floors.Raise(new() { Account = account });
        for (var number = 1; number < Floors.MostAccounts; number++)
            floors.Raise(new() { Account = Guid.NewGuid() });
        var before = floors.Last;
        Assert.That(floors.IsUnchanged(account, before), Is.True);
        floors.Raise(new() { Account = Guid.NewGuid() });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(floors.IsUnchanged(account, before), Is.False);
            Assert.That(floors.IsUnchanged(account, floors.Last), Is.True);
        }
    }
}
