using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Tests.Users.Walks;
using Scim.Api.Users.Search;

namespace Scim.Api.Tests.Users.Search;

/// <summary>
/// An index far from the beginning is the same user as if all users before it were counted, although users are created
/// and deleted, at any node.
/// </summary>
[Parallelizable]
[Category("Slow")]
internal sealed class AnchorTests
{
    private const int Users = 2300;

    private readonly TestAccount account = new();
    private ScimServer[] nodes = null!;
    private HttpClient[] clients = null!;
    private List<Guid> ids = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        var one = await ScimServer.Start();
        nodes = [one, await ScimServer.Start(authServer: one.AuthServer, folder: one.Folder)];
        clients = [.. nodes.Select(node => node.ClientOf(account))];
        ids = [.. (await one.Gather(account, Users)).Select(Guid.Parse)];
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        Array.ForEach(clients, client => client.Dispose());
        foreach (var node in nodes.Reverse())
            await node.DisposeAsync();
    }

    [Test]
    public async Task An_index_is_the_same_user_as_counted_from_the_beginning()
    {
        var random = new Random(3);
        for (var round = 0; round < 60; round++)
        {
            await Change(random, round);
            for (var i = 0; i < 3; i++)
            {
                var skip = random.Next(Anchors.Spacing, Users + 100);
                Assert.That(
                    await Find(nodes[random.Next(2)], after: null, skip),
                    Is.EqualTo(ids.Skip(skip).Take(3)), $"{skip} in round {round}");
            }
            var (after, more) = (ids[random.Next(Users / 2)], random.Next(Anchors.Spacing, Users / 2));
            Assert.That(
                await Find(nodes[random.Next(2)], after, more),
                Is.EqualTo(ids.SkipWhile(id => id != after).Skip(1 + more).Take(3)), $"{after} in round {round}");
        }
    }

    [TestCase(501)]
    [TestCase(2000)]
    [TestCase(int.MaxValue - 1)]
    public async Task Few_users_are_skipped(int skip)
    {
        await using var scope = nodes[0].Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var anchors = scope.ServiceProvider.GetRequiredService<Anchors>();
        var (after, left) = await anchors.Approach(db, account.Id, after: null, skip, default);
        Assert.That(after, Is.Not.Null);
        Assert.That(left, Is.LessThanOrEqualTo(Math.Max(Anchors.Spacing, skip - Users + (2 * Anchors.Spacing))));
    }

    private async Task Change(Random random, int round)
    {
        for (var i = random.Next(3); i > 0; i--)
        {
            var id = ids[random.Next(ids.Count)];
            Assert.That((int)(await clients[random.Next(2)].Delete($"Users/{id}")).Status, Is.EqualTo(204));
            ids.Remove(id);
        }
        for (var i = random.Next(3); i > 0; i--)
        {
            var created = await clients[random.Next(2)].Post("Users", Crowd.Person(10_000 + (10 * round) + i));
            ids.Add(Guid.Parse((string)created["id"]!));
        }
    }

    private async Task<IEnumerable<Guid>> Find(ScimServer node, Guid? after, int skip)
    {
        await using var scope = node.Services.CreateAsyncScope();
        var search = scope.ServiceProvider.GetRequiredService<UserSearch>();
        var found = await search.Find(
            new UserQuery(account.Id), after is { } id ? new(id) : null, skip, take: 3, maxSize: 0, default);
        return found.Users.Select(user => user.Position.Id);
    }
}
