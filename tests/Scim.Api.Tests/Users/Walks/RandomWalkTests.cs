namespace Scim.Api.Tests.Users.Walks;

/// <summary>
/// Several readers of the same list, who cannot be told apart, while users are created, deleted and changed at random:
/// whoever is in the list from the beginning of a walk to its end is seen by its reader.
/// </summary>
[Parallelizable]
[Category("Slow")]
internal sealed class RandomWalkTests : TwoNodes
{
    private readonly List<HttpClient> clients = [];
    private readonly HashSet<string> matching = [];
    private Random random = null!;

    [TearDown]
    public void Forget()
    {
        clients.ForEach(client => client.Dispose());
        clients.Clear();
        matching.Clear();
    }

    [Test]
    public async Task Nobody_is_missed(
        [Values("", "filter=title eq \"Staff\"", "sortBy=nickName&sortOrder=descending")] string query,
        [Values(1, 2, 3, 4)] int seed)
    {
        var account = new TestAccount();
        random = new Random(seed);
        clients.AddRange([One.ClientOf(account), Two.ClientOf(account)]);
        var ids = await One.Gather(account, 60);
        matching.UnionWith(ids.Where((_, i) => IsIn(query, i)));
        Reader[] readers = [New(), New(), New()];
        var walks = 0;
        for (var i = 0; i < 250; i++)
        {
            if (random.Next(3) == 0)
                await Change(query, i);
            var reader = random.Next(readers.Length);
            if (await readers[reader].Read())
                continue;
            Assert.That(readers[reader].Missing, Is.Empty, $"walk {walks} of seed {seed}");
            readers[reader] = New();
            walks++;
        }
        Assert.That(walks, Is.GreaterThan(15));

        Reader New() => new(random, clients, query, matching);
    }

    private static bool IsIn(string query, int person) =>
        !query.StartsWith("filter", StringComparison.Ordinal) || person % 4 != 0;

    private async Task Change(string query, int step)
    {
        var client = Any(clients);
        if (random.Next(2) == 0)
        {
            var created = await client.Post("Users", Crowd.Person(1000 + step));
            if (IsIn(query, 1000 + step))
                matching.Add((string)created["id"]!);
        }
        else
        {
            // The deleted user, or the guest, is often among the first, who have been read.
            var id = matching.Order(StringComparer.Ordinal).ElementAt(random.Next(matching.Count / (1 + random.Next(4))));
            matching.Remove(id);
            var answer = query.StartsWith("filter", StringComparison.Ordinal) && random.Next(2) == 0
                ? await client.Patch($"Users/{id}", """{"op":"replace","path":"title","value":"Guest"}""")
                : await client.Delete($"Users/{id}");
            Assert.That((int)answer.Status, Is.AnyOf(200, 204), answer.ToString());
        }
    }

    private HttpClient Any(List<HttpClient> all) => all[random.Next(all.Count)];

    /// <summary>A client that reads from the first page to the last, and sometimes loses a response.</summary>
    private sealed class Reader(Random random, List<HttpClient> clients, string query, HashSet<string> matching)
    {
        private readonly int count = 5 + (5 * random.Next(3));
        private readonly HashSet<string> seen = [];
        private readonly HashSet<string> expected = [.. matching];
        private int startIndex = 1;

        /// <summary>Who was in the list during the whole walk, and was not seen.</summary>
        public IEnumerable<string> Missing => expected.Except(seen);

        /// <summary>Reads a page; returns whether there is another.</summary>
        public async Task<bool> Read()
        {
            expected.IntersectWith(matching);
            var client = clients[random.Next(clients.Count)];
            var page = await client.Get($"Users?{query}&attributes=id&count={count}&startIndex={startIndex}");
            Assert.That((int)page.Status, Is.EqualTo(200), page.ToString());
            var isLast = startIndex + count > (int)page["totalResults"]!;
            // The response is lost. (A walk ends with its last page, so that one is not.)
            if (!isLast && random.Next(6) == 0)
                return true;
            seen.UnionWith(page["Resources"]!.AsArray().Select(user => (string)user!["id"]!));
            startIndex += count;
            return !isLast;
        }
    }
}
