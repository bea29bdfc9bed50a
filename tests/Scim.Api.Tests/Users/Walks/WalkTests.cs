namespace Scim.Api.Tests.Users.Walks;

/// <summary>
/// A walk misses nobody: although 40 users are deleted and 40 created meanwhile, and each page is requested from
/// another node, every user who stays is seen exactly once.
/// </summary>
[Parallelizable]
[Category("Slow")]
internal sealed class WalkTests : TwoNodes
{

    [TestCase(1, Whom.Before)]
    [TestCase(1, Whom.At)]
    [TestCase(1, Whom.Behind)]
    [TestCase(7, Whom.Before)]
    [TestCase(7, Whom.At)]
    [TestCase(7, Whom.Behind)]
    [TestCase(100, Whom.Before)]
    [TestCase(100, Whom.At)]
    [TestCase(100, Whom.Behind)]
    [TestCase(7, Whom.Before, "filter=title eq \"Staff\"")]
    [TestCase(7, Whom.Behind, "filter=active eq true and not (title eq \"Guest\")")]
    [TestCase(7, Whom.Before, "sortBy=userName")]
    [TestCase(7, Whom.At, "sortBy=userName&sortOrder=descending")]
    [TestCase(7, Whom.Before, "sortBy=nickName")]
    [TestCase(7, Whom.At, "sortBy=nickName&sortOrder=descending")]
    [TestCase(7, Whom.Behind, "sortBy=meta.created&filter=title eq \"Staff\"")]
    public async Task Nobody_is_missed(int count, Whom deleted, string query = "")
    {
        foreach (var byCursor in (bool[])[false, true])
        {
            var account = new TestAccount();
            await One.Gather(account, count switch { 1 => 60, 7 => 100, _ => 350 });
            using var walker = new Walker(One.ClientOf(account), Two.ClientOf(account), count, query, byCursor);
            var world = await World.Of(One.ClientOf(account), query);
            while (await walker.Step())
                await world.Change(walker.Seen, deleted);
            await world.Finish(walker.Seen, deleted);

            Assert.That((world.Deleted, world.Created), Is.EqualTo((40, 40)));
            using (Assert.EnterMultipleScope())
            {
                Assert.That(walker.Seen, Is.Unique);
                Assert.That(world.Survivors.Except(walker.Seen), Is.Empty, "lost");
            }
        }
    }

    [TestCase("")]
    [TestCase("sortBy=nickName")]
    public async Task Two_concurrent_walks_each_see_everybody(string query)
    {
        var account = new TestAccount();
        await One.Gather(account, 100);
        var random = new Random(9);
        var world = await World.Of(One.ClientOf(account), query);
        using var ann = new Walker(One.ClientOf(account), Two.ClientOf(account), 10, query, byCursor: false);
        using var ben = new Walker(Two.ClientOf(account), One.ClientOf(account), 10, query, byCursor: false);
        for (var (a, b) = (true, true); a || b;)
        {
            var first = random.Next(2) == 0;
            a = first ? a && await ann.Step() : a;
            b = first ? b : b && await ben.Step();
            await world.Change(first ? ann.Seen : ben.Seen, Whom.Before);
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That(world.Survivors.Except(ann.Seen), Is.Empty);
            Assert.That(world.Survivors.Except(ben.Seen), Is.Empty);
        }
    }

    [TestCase("")]
    [TestCase("sortBy=nickName")]
    public async Task A_new_walk_is_not_held_back_by_the_previous_one(string query)
    {
        var account = new TestAccount();
        await One.Gather(account, 100);
        var world = await World.Of(One.ClientOf(account), query);
        for (var walks = 0; walks < 3; walks++)
        {
            using var walker = new Walker(One.ClientOf(account), Two.ClientOf(account), 10, query, byCursor: false);
            while (await walker.Step())
            {
            }
            using (Assert.EnterMultipleScope())
            {
                Assert.That(walker.Seen, Is.Unique);
                Assert.That(world.Survivors.Except(walker.Seen), Is.Empty);
            }
            await world.Change(walker.Seen, Whom.Before);
        }
        Assert.That((world.Deleted, world.Created), Is.EqualTo((40, 40)));
    }

    /// <summary>The position of the deleted users relative to the reader.</summary>
    public enum Whom
    {
        /// <summary>Already read: all others move to a lower index.</summary>
        Before,

        /// <summary>The last user read, and the next one to read.</summary>
        At,

        /// <summary>Not read yet.</summary>
        Behind,
    }

    /// <summary>A client that reads page after page, like Okta, from two nodes in turn.</summary>
    private sealed class Walker(HttpClient one, HttpClient two, int count, string query, bool byCursor) : IDisposable
    {
        private int pages;
        private int startIndex = 1;
        private string cursor = "";
        private int begunWith;

        public List<string> Seen { get; } = [];

        /// <summary>Reads a page; returns whether there is another.</summary>
        public async Task<bool> Step()
        {
            Assert.That(pages, Is.LessThan(500), "a walk has an end");
            var client = pages++ % 2 == 0 ? one : two;
            var page = await client.Get(
                $"Users?{query}&count={count}&{(byCursor ? "cursor=" + cursor : "startIndex=" + startIndex)}");
            Assert.That((int)page.Status, Is.EqualTo(200), page.ToString());
            Seen.AddRange(page["Resources"]!.AsArray().Select(user => (string)user!["id"]!));
            if (byCursor)
                return (cursor = (string?)page["nextCursor"] ?? "") != "";

            var total = (int)page["totalResults"]!;
            begunWith = pages == 1 ? total : begunWith;
            Assert.That(total, Is.GreaterThanOrEqualTo(begunWith), "totalResults fell during the walk");
            startIndex += count;
            return startIndex <= total;
        }

        public void Dispose()
        {
            one.Dispose();
            two.Dispose();
        }
    }

    /// <summary>Deletes and creates ten users, four times.</summary>
    private sealed class World(HttpClient client, List<string> original)
    {
        private readonly HashSet<string> deleted = [];
        private int pages;

        public static async Task<World> Of(HttpClient client, string query)
        {
            var found = new List<string>();
            for (var cursor = ""; cursor is not null;)
            {
                var page = await client.Get($"Users?{query}&count=500&attributes=id&cursor={cursor}");
                found.AddRange(page["Resources"]!.AsArray().Select(user => (string)user!["id"]!));
                cursor = (string?)page["nextCursor"];
            }
            return new World(client, found);
        }

        public int Created { get; private set; }

        public int Deleted => deleted.Count;

        public IEnumerable<string> Survivors => original.Except(deleted);

        public async Task Change(IReadOnlyList<string> seen, Whom whom)
        {
            if (Created == 40 || (seen.Count < 100 && pages++ % 3 != 0))
                return;
            for (var i = 0; i < (seen.Count < 100 ? 10 : 20) && Created < 40; i++)
            {
                await Delete(Next(seen, whom, i));
                var created = await client.Post("Users", Crowd.Person(1000 + (Created * 13)));
                Assert.That((int)created.Status, Is.EqualTo(201), created.ToString());
                Created++;
            }
        }

        public async Task Finish(IReadOnlyList<string> seen, Whom whom)
        {
            while (Created < 40)
                await Change(seen, whom);
        }

        private string Next(IReadOnlyList<string> seen, Whom whom, int i)
        {
            var read = seen.Where(original.Contains).Where(id => !deleted.Contains(id)).ToList();
            var unread = original.Except(seen).Except(deleted).ToList();
            return whom switch
            {
                Whom.Before when read.Count > 0 => read[0],
                Whom.At when read.Count > 0 && (i % 2 == 0 || unread.Count == 0) => read[^1],
                Whom.At when unread.Count > 0 => unread[0],
                _ => unread.Count > 0 ? unread[^1] : read[0],
            };
        }

        private async Task Delete(string id)
        {
            Assert.That((int)(await client.Delete($"Users/{id}")).Status, Is.EqualTo(204));
            deleted.Add(id);
        }
    }
}
