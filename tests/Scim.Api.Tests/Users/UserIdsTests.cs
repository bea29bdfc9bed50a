using Microsoft.Extensions.Time.Testing;
using Scim.Api.Users;

namespace Scim.Api.Tests.Users;

[Parallelizable]
internal sealed class UserIdsTests
{
    private static readonly DateTime now = new(2026, 11, 23, 12, 0, 0, DateTimeKind.Utc);

    [Test(Description = "RFC 9562 §6.2")]
    public void Ids_of_one_millisecond_are_in_order()
    {
        var ids = new List<Guid> { UserIds.After(null, now) };
        for (var i = 0; i < 1000; i++)
            ids.Add(UserIds.After(ids[^1], now));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ids, Is.Ordered.And.Unique);
            Assert.That(ids.Select(id => id.ToString()), Is.Ordered.Using<string>(StringComparer.Ordinal));
            Assert.That(ids, Has.All.Property(nameof(Guid.Version)).EqualTo(7));
        }
    }

    [Test]
    public void An_id_is_larger_than_one_from_a_clock_that_is_ahead()
    {
        var ahead = UserIds.After(null, now.AddHours(1));
        var next = UserIds.After(ahead, now);
        Assert.That(
            next, Is.GreaterThan(ahead).And.LessThan(UserIds.After(null, now.AddHours(1).AddMilliseconds(2))));
    }

    [Test]
    public void An_id_contains_its_creation_time() => Assert.That(
        UserIds.After(UserIds.After(null, now), now.AddSeconds(1)).ToString(),
        Does.StartWith(Guid.CreateVersion7(now.AddSeconds(1)).ToString()[..13]));

    [Test]
    public async Task Users_are_in_order_of_creation_even_if_the_clock_stops_or_goes_back()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow) { AutoAdvanceAmount = TimeSpan.Zero };
        await using var server = await ScimServer.Start(time: time);
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        var ids = new List<string>();
        for (var i = 0; i < 20; i++)
            ids.Add((await client.CreateUser($"u{i}@example.com")).Id());
        await client.Delete($"Users/{ids[^1]}");

        await using var behind = await ScimServer.Start(
            time: new FakeTimeProvider(time.GetUtcNow() - TimeSpan.FromSeconds(3)),
            authServer: server.AuthServer,
            folder: server.Folder);
        using var other = behind.ClientOf(account);
        for (var i = 20; i < 25; i++)
            ids.Add((await other.CreateUser($"u{i}@example.com")).Id());
        ids.RemoveAt(19);

        var listed = (await client.Get("Users"))["Resources"]!.AsArray().Select(user => (string)user!["id"]!);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ids, Is.Ordered.Using<string>(StringComparer.Ordinal));
            Assert.That(listed, Is.EqualTo(ids));
        }
    }
}
