using Benchmarks.Tokens;

namespace Benchmarks;

/// <summary>How much is measured. Without a verdict, a run only shows that the benchmark works.</summary>
internal sealed record Scale(
    int Accounts, int RotatingAccounts, int Barriers, int FewUsers, int Users, int ManyUsers, int WarmUp, int Requests,
    int Rounds, int PageSize, int LargeUsers, bool Judged)
{
    public static Scale Full { get; } = new(
        400, 10_000, 300, 1000, 100_000, 1_000_000, 20_000, 1000, 60, 100, 100, Judged: true);
    public static Scale Smoke { get; } = new(4, 4, 5, 20, 60, 100, 10, 10, 2, 10, 10, Judged: false);
}

/// <summary>
/// The performance limits, on one database. Two things that are compared alternate in short turns, and the median of
/// their ratios counts, so that a busy machine does not distort the result.
/// </summary>
internal sealed class Benchmark(bool postgres, Scale scale, Table table)
{
    private const int PagesAtEachEnd = 10;

    /// <summary>Scim.Api without the token check.</summary>
    public async Task Users()
    {
        await using var users = await Database.Create(postgres, scale.Users);
        await using var server = await Server.Start("scim", users);
        await AgainstBare(users, server);
        await LookUps(users, server);
        await Walk(server);
        await Report(Subjects.List(server, 100), scale.Requests / 2);
        await Report(Subjects.List(server, 500), scale.Requests / 10);
        await Report(Subjects.Create(server, users), scale.Requests);
        await Report(Subjects.Patch(server, users), scale.Requests);
    }

    /// <summary>The token check of Scim.Api, with a lease.</summary>
    public async Task Cached()
    {
        await using var users = await Database.Create(postgres, scale.FewUsers);
        await using var authority = await Authority.Start(users.Folder);
        await using var server = await Server.Start("scim-with-tokens", users);
        await using var open = await Server.Start("scim", users);
        await Compare(
            Subjects.GetAs(authority.Token, server, users, "GET /Users/{id}, introspection cached"),
            Subjects.Get(open, users, "  the token check left out"),
            cost => cost.Cpu,
            limit: 1.15);
        authority.Check(scale.Requests * scale.Rounds);
    }

    /// <summary>
    /// The same request to Scim.Api with few users and with many, for a random user each time. The first access on a
    /// connection costs more (it maps the file's pages, or fills the cache), so most users are read first.
    /// </summary>
    public async Task Growth()
    {
        await using var few = await Database.Create(postgres, scale.FewUsers);
        await using var many = await Database.Create(postgres, scale.ManyUsers);
        await using var one = await Server.Start("scim", few);
        await using var other = await one.Beside("scim", many);
        await Compare(
            Subjects.Get(other, many, $"GET /Users/{{id}} of {scale.ManyUsers:N0}"),
            Subjects.Get(one, few, $"  of {scale.FewUsers:N0}"),
            cost => cost.AllCpu,
            limit: 1.1,
            warmUp: scale.ManyUsers / 2);
    }

    /// <summary>
    /// How much memory Scim.Api needs when one account, whose users are large, requests many pages at the same time.
    /// </summary>
    public async Task Memory()
    {
        await using var users = await Database.Create(postgres, scale.FewUsers);
        await users.With(db => SeededUsers.Enlarge(db, scale.LargeUsers));
        foreach (var requests in (int[])[4, 4, 64])
        {
            await using var server = await Server.Start("scim", users);
            await server.Send(Subjects.Page(1, 1));
            var idle = await server.PeakMemory();
            var statuses = await server.SendAtOnce(requests, () => Subjects.Page(1, scale.LargeUsers));
            table.Memory(requests, idle, await server.PeakMemory(), statuses, limit: 300);
        }
    }

    /// <summary>Auth.Server: introspection and tokens.</summary>
    public async Task Tokens()
    {
        await using var issued = await IssuedTokens.Create(postgres, scale.Accounts);
        await using var auth = await Server.Start("auth", issued.Connection, issued.Folder, NoTime);
        await using var bare = await Server.Start("bare-auth", issued.Connection, issued.Folder, NoTime);
        await Compare(
            Subjects.Introspect(auth, issued, "introspection"),
            Subjects.Introspect(bare, issued, "  a hand-written endpoint"),
            cost => cost.Cpu,
            limit: 3.5);
        await Compare(
            Subjects.ClientCredentials(auth, issued, "token by client credentials"),
            Subjects.ClientCredentials(bare, issued, "  a hand-written endpoint"),
            cost => cost.Cpu,
            limit: 4);
    }

    /// <summary>
    /// How long introspection at Auth.Server takes while unauthenticated callers flood each endpoint in their reach.
    /// </summary>
    public async Task Floods()
    {
        await using var issued = await IssuedTokens.Create(postgres, Math.Max(2, scale.Accounts / 10));
        await using var auth = await Server.Start("auth", issued.Connection, issued.Folder, NoTime);
        await new Floods(auth, issued, callers: scale.Judged ? 60 : 4, samples: scale.Judged ? 300 : 5).Report();
    }

    /// <summary>
    /// Introspection at Auth.Server while another node rotates the credentials of ten thousand accounts at random,
    /// compared with the same without rotation; all tokens have been replaced before. Only for PostgreSQL, which allows
    /// several nodes.
    /// </summary>
    public async Task Rotations()
    {
        if (!postgres)
            return;
        await using var issued = await IssuedTokens.Create(postgres, scale.RotatingAccounts, withClients: false);
        var connection = $"{issued.Connection};Application Name=introspection";
        await using var auth = await Server.Start(
            "other-auth", connection, issued.Folder, () => Backends.CpuTime(connection));
        await using var rotating = await Server.Start("auth", issued.Connection, issued.Folder, NoTime);
        var rotation = new Rotation(issued);
        for (var times = 0; times < issued.Accounts.Count; times++)
            await rotation.Once();

        var introspection = Subjects.Introspect(auth, issued, "introspection, accounts rotating");
        await introspection.Measure(scale.WarmUp);
        await Compare(
            introspection.Name,
            async () =>
            {
                using var stop = new CancellationTokenSource();
                var rotations = rotation.GoOn(TimeSpan.FromMilliseconds(20), stop.Token);
                var cost = await introspection.Measure(scale.Requests);
                await stop.CancelAsync();
                await rotations;
                return cost;
            },
            "  nobody rotating",
            () => introspection.Measure(scale.Requests),
            cost => cost.AllCpu,
            limit: 1.1);
    }

    /// <summary>How long a rotation waits for four idle nodes.</summary>
    public async Task Barrier()
    {
        const int Nodes = 4;
        await using var users = await Database.Create(postgres, scale.FewUsers);
        await using var issued = await IssuedTokens.Create(postgres, scale.Accounts);
        await using var auth = await Server.Start("auth", issued.Connection, issued.Folder, NoTime);
        await Authority.WriteAddress(issued.Folder, auth.Address.ToString());
        var rotation = new Rotation(issued);
        var nodes = new List<Server>();
        try
        {
            for (var node = 0; node < Nodes; node++)
                nodes.Add(await Server.Start("scim-node", users.Connection, issued.Folder, NoTime));
            var times = new List<int>();
            for (var round = -scale.Barriers / 3; round < scale.Barriers; round++)
            {
                await Task.Delay(50);
                // At first, not all nodes are registered and not all code is compiled.
                if (round < 0)
                    await rotation.Once();
                else
                    times.Add(await rotation.Confirmed(Nodes));
            }
            Table.Barrier(Nodes, [.. times.Order()]);
        }
        finally
        {
            foreach (var node in nodes)
                await node.DisposeAsync();
        }
    }

    private static Task<TimeSpan> NoTime() => Task.FromResult(TimeSpan.Zero);

    private async Task AgainstBare(Database users, Server server)
    {
        await using var bare = await Server.Start("bare", users);
        await SameAnswer(Subjects.Get(server, users, ""), bare);
        await Compare(
            Subjects.Get(server, users, "GET /Users/{id}"),
            Subjects.Get(bare, users, "  the bare API"),
            cost => cost.Cpu,
            limit: 2);
    }

    private async Task LookUps(Database users, Server server)
    {
        (string Name, Func<int, string> Filter)[] filters =
        [
            ("userName eq", number => $"userName eq \"{SeededUsers.UserName(number)}\""),
            ("externalId eq", number => $"externalId eq \"{SeededUsers.ExternalId(number)}\""),
            ("emails[type eq and value eq]",
                number => $"emails[type eq \"work\" and value eq \"{SeededUsers.UserName(number)}\"]"),
        ];
        foreach (var (name, filter) in filters)
        {
            table.Plan(name, await Plans.Of(users, filter(1)));
            await Report(Subjects.Find(server, users, name, filter), scale.Requests);
        }
    }

    /// <summary>The last pages of a walk through a list, compared with the first ones.</summary>
    private async Task Walk(Server server)
    {
        var pages = scale.Users / scale.PageSize;
        var ends = Math.Min(PagesAtEachEnd, pages / 2);
        var (first, last) = (new List<Cost>(), new List<Cost>());
        for (var round = -1; round < Math.Min(scale.Rounds, 5); round++)
        {
            var start = await server.Spent();
            await Pages(server, from: 0, ends);
            var afterFirst = await server.Spent();
            await Pages(server, from: ends, pages - (2 * ends));
            var beforeLast = await server.Spent();
            await Pages(server, from: pages - ends, ends);
            var end = await server.Spent();
            if (round < 0)
                continue;
            first.Add((afterFirst - start) / ends);
            last.Add((end - beforeLast) / ends);
        }
        table.Compare(
            ($"last pages of a walk, count={scale.PageSize}", last),
            ("  first pages", first),
            cost => cost.AllCpu,
            limit: 1.5);
    }

    private async Task Pages(Server server, int from, int pages)
    {
        for (var page = from; page < from + pages; page++)
            await server.Send(Subjects.Page((page * scale.PageSize) + 1, scale.PageSize));
    }

    private async Task Compare(
        Subject subject, Subject baseline, Func<Cost, double> measure, double limit, int? warmUp = null)
    {
        await subject.Measure(warmUp ?? scale.WarmUp);
        await baseline.Measure(scale.WarmUp);
        await Compare(
            subject.Name,
            () => subject.Measure(scale.Requests),
            baseline.Name,
            () => baseline.Measure(scale.Requests),
            measure,
            limit);
    }

    private async Task Compare(
        string name,
        Func<Task<Cost>> subject,
        string baselineName,
        Func<Task<Cost>> baseline,
        Func<Cost, double> measure,
        double limit)
    {
        var (costs, baselines) = (new List<Cost>(), new List<Cost>());
        for (var round = 0; round < scale.Rounds; round++)
        {
            // They take turns to go first, so that changes of the machine's speed favour neither.
            var subjectFirst = round % 2 == 0;
            if (subjectFirst)
                costs.Add(await subject());
            baselines.Add(await baseline());
            if (!subjectFirst)
                costs.Add(await subject());
        }
        table.Compare((name, costs), (baselineName, baselines), measure, limit);
    }

    private async Task Report(Subject subject, int requests)
    {
        requests = Math.Max(1, requests);
        await subject.Measure(requests);
        var costs = new List<Cost>();
        for (var round = 0; round < Math.Min(scale.Rounds, 5); round++)
            costs.Add(await subject.Measure(requests));
        Table.Row(subject.Name, Cost.Median(costs));
    }

    private static async Task SameAnswer(Subject subject, Server bare)
    {
        var path = subject.Next().RequestUri;
        var answer = await subject.Server.Send(new(HttpMethod.Get, path));
        var bareAnswer = await bare.Send(new(HttpMethod.Get, path));
        if (!answer.SequenceEqual(bareAnswer))
            throw new InvalidOperationException($"The bare API answers {path} with other bytes.");
    }
}
