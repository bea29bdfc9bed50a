using System.Text;
using Benchmarks.Days;
using Benchmarks.Floors;
using Benchmarks.Tokens;

namespace Benchmarks;

/// <summary>The parts of the benchmark, on one database, and their targets.</summary>
internal sealed class Benchmark(bool postgres, Scale scale, Report report)
{
    /// <summary>Looking up users.</summary>
    public async Task Reads()
    {
        await using var product = await Product.Start(postgres, scale.Accounts, scale.Users);
        var (scim, floor, token) = (product.ScimApi, await product.StartFloor(), product.Tokens[0]);
        var get = new Load("get by id", scim, Requests.Get(token, scale.Users));
        var find = new Load("userName eq", scim, Requests.UserNameEq(token, scale.Users));
        var getFloor = get with { Name = "  floor: by id", Server = floor };
        var findFloor = find with { Name = "  floor: by userName", Server = floor };
        await SameAnswers(get, floor);
        await SameAnswers(find, floor);
        await new Comparison("reads", get, getFloor, find, findFloor)
            .AtMost(1.5, get, getFloor)
            .AtMost(postgres ? 1.8 : 1.7, find, findFloor)
            .Measure(scale, report);
    }

    /// <summary>Pages of a list: the first one again and again, all of them in order, and one in the middle.</summary>
    public async Task Pages()
    {
        await using var product = await Product.Start(postgres, scale.Accounts, scale.Users);
        var (scim, floor, token) = (product.ScimApi, await product.StartFloor(), product.Tokens[0]);
        var middle = scale.Users * 9 / 10;
        var first = new Load("first page of 100", scim, Requests.FirstPage(token));
        var walk = new Load("page of a walk", scim, Requests.Walk(token, scale.Users), Connections: 1);
        var page = new Load($"page at {middle}", scim, Requests.PageAt(token, middle));
        var firstFloor = first with { Name = "  floor: LIMIT 100 and COUNT", Server = floor };
        var pageFloor = page with { Name = $"  floor: OFFSET {middle - 1} and COUNT", Server = floor };
        await SameAnswers(first, floor);
        // The page outside a walk is last: today, each page that is read leaves something behind for it to read.
        await new Comparison("pages", walk, first, firstFloor, page, pageFloor)
            .AtMost(1.2, first, firstFloor)
            .AtMost(1.2, walk, firstFloor)
            .AtMost(2, page, first)
            .Against(page, pageFloor)
            .Measure(scale, report);
    }

    /// <summary>Creating users, and deactivating and reactivating them.</summary>
    public async Task Writes()
    {
        await using var product = await Product.Start(postgres, scale.Accounts, scale.Users);
        var (scim, floor, tokens) = (product.ScimApi, await product.StartFloor(), product.Tokens);
        var create = new Load("create", scim, Requests.Create([tokens[0]])) { First = scale.Users };
        var createAll = new Load($"create, {tokens.Count} accounts", scim, Requests.Create(tokens))
        {
            First = 500_000_000,
        };
        var patch = new Load("PATCH active", scim, Requests.PatchActive(tokens[0], scale.Users));
        var createFloor = create with { Name = "  floor: the rows of a create", Server = floor };
        var createAllFloor = createAll with { Name = $"  floor: the same, {tokens.Count} accounts", Server = floor };
        var patchFloor = patch with { Name = "  floor: the rows of PATCH active", Server = floor };
        var cpuFloor = postgres ? createAllFloor : createFloor;
        var comparison = new Comparison(
            "writes", create, createFloor, createAll, createAllFloor, patch, patchFloor)
            .AtMost(2.5, create, cpuFloor)
            .AtMost(2.5, patch, cpuFloor)
            .Against(patch, patchFloor)
            .RateAtLeast(0.7, create, createFloor);
        if (postgres)
            comparison.RateAtLeast(0.4, createAll, createAllFloor).AtLeastPerSecond(1300, createAll);
        else
            comparison.AtLeastPerSecond(900, create);
        await comparison.Measure(scale, report);
    }

    /// <summary>The same request with few users and with many.</summary>
    public async Task Growth()
    {
        await using var product = await Product.Start(postgres, scale.Accounts, scale.FewUsers);
        var other = await product.StartScimApi(
            await Database.Create(postgres, product.Issued.Accounts, scale.ManyUsers));
        var few = new Load(
            $"get by id, {scale.FewUsers} users", product.ScimApi, Requests.Get(product.Tokens[0], scale.FewUsers));
        var many = new Load(
            $"get by id, {scale.ManyUsers} users", other, Requests.Get(product.Tokens[0], scale.ManyUsers));
        await new Comparison("growth", few, many).AtMost(1.1, many, few).Measure(scale, report);
    }

    /// <summary>Introspection and tokens at Auth.Server.</summary>
    public async Task Tokens()
    {
        await using var issued = await IssuedTokens.Create(postgres, scale.TokenAccounts);
        await using var auth = await issued.StartServer();
        await using var floor = await Server.StartFloor(
            Floor.Tokens, issued.Folder, issued.Database, $"ConnectionStrings__Auth={issued.Connection}",
            $"{TokenFloor.FolderSetting}={issued.Folder}");
        var introspect = new Load("introspection", auth, Requests.Introspect(issued));
        var introspectFloor = new Load("  floor: introspection", floor, Requests.IntrospectWithSecret(issued));
        var token = new Load("token by client credentials", auth, Requests.ClientCredentials(issued));
        var tokenFloor = token with { Name = "  floor: token", Server = floor };
        await new Comparison("tokens", introspect, introspectFloor, token, tokenFloor)
            .AtMost(1.5, introspect, introspectFloor)
            .AtMost(2, token, tokenFloor)
            .Measure(scale, report);
    }

    /// <summary>How long both servers take to start, and their memory before the first request.</summary>
    public async Task Start()
    {
        await using var product = await Product.Start(postgres, scale.Accounts, scale.Users);
        report.AtMost(1.5, product.AuthServer.StartTime.TotalSeconds, "Auth.Server, seconds to the first response");
        report.AtMost(1.5, product.ScimApi.StartTime.TotalSeconds, "Scim.Api, seconds to the first response");
        await Task.Delay(TimeSpan.FromSeconds(scale.Seconds * 3));
        report.AtMost(
            220, product.AuthServer.Memory + product.ScimApi.Memory, "both servers idle, MB of resident memory");
    }

    /// <summary>The portal's pages for an account with many users.</summary>
    public async Task Portal()
    {
        await using var product = await Product.Start(postgres, scale.Accounts, scale.PortalUsers);
        using var pages = new PortalPages(product, report);
        await pages.Measure(scale.PortalUsers, requests: scale.Judged ? 100 : 2);
    }

    /// <summary>
    /// How much memory Scim.Api needs when one account, whose users are large, requests many pages at the same time.
    /// </summary>
    public async Task Memory()
    {
        foreach (var requests in (int[])[4, 64])
        {
            await using var product = await Product.Start(postgres, accounts: 1, scale.FewUsers);
            await product.Users.With(
                db => SeededUsers.Enlarge(db, product.Issued.Accounts[0], scale.LargeUsers));
            var page = Requests.FirstPage(product.Tokens[0])[0];
            await product.ScimApi.Send(page.ToMessage());
            var (idle, peak) = (product.ScimApi.OwnMemory, 0);
            var often = TimeSpan.FromMilliseconds(10);
            await using (new Timer(_ => peak = Math.Max(peak, product.ScimApi.OwnMemory), null, often, often))
            {
                await Task.WhenAll(Enumerable.Range(0, requests).Select(async _ =>
                {
                    // Some are refused with 429 or 503.
                    using var answer = await product.ScimApi.Answer(page.ToMessage());
                }));
            }
            report.AtMost(300, peak - idle, $"MB more during {requests} pages of large users at the same time");
        }
    }

    /// <summary>
    /// How long introspection at Auth.Server takes while unauthenticated callers flood each endpoint in their reach.
    /// </summary>
    public async Task Floods()
    {
        await using var issued = await IssuedTokens.Create(postgres, Math.Max(2, scale.TokenAccounts / 10));
        await using var auth = await issued.StartServer();
        await new Floods(auth, issued, report, callers: scale.Judged ? 60 : 4, samples: scale.Judged ? 300 : 5)
            .Measure();
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
        await using var auth = await issued.StartServer("other-data");
        await using var rotating = await issued.StartServer();
        var rotation = new Rotation(issued);
        for (var times = 0; times < issued.Accounts.Count; times++)
            await rotation.Once();
        var calm = new Load("introspection", auth, Requests.Introspect(issued));
        var busy = calm with
        {
            Name = "introspection, accounts rotating",
            Meanwhile = until => rotation.GoOn(TimeSpan.FromMilliseconds(20), until),
        };
        await new Comparison("rotation", calm, busy)
            .AtMost(1.1, busy, calm, run => run.Cpu)
            .Measure(scale, report);
    }

    /// <summary>How long a rotation waits for four idle nodes.</summary>
    public async Task Barrier()
    {
        const int Nodes = 4;
        await using var product = await Product.Start(postgres, scale.Accounts, scale.FewUsers);
        for (var node = 1; node < Nodes; node++)
            await product.StartScimApi(product.Users);
        var rotation = new Rotation(product.Issued);
        var times = new List<double>();
        for (var round = -scale.Barriers / 3; round < scale.Barriers; round++)
        {
            await Task.Delay(50);
            // At first, not all nodes are registered and not all code is compiled.
            if (round < 0)
                await rotation.Once();
            else
                times.Add(await rotation.Confirmed(Nodes));
        }
        report.Latency($"barrier of {Nodes} nodes", times);
    }

    /// <summary>A day of an Okta customer, in a few minutes.</summary>
    public async Task OktaDay()
    {
        await using var product = await Product.Start(postgres, scale.Accounts, scale.Users);
        await new OktaDay(product, report).Run(scale.DayMinutes);
    }

    /// <summary>Entra ID provisions every user of a directory, and then sends changes.</summary>
    public async Task EntraCycle()
    {
        await using var product = await Product.Start(postgres, accounts: 1, users: 0);
        await new EntraCycle(product, report).Run(scale.CycleUsers, scale.DayMinutes);
    }

    /// <summary>Requires that the floor answers with the same bytes, so that it does the same work.</summary>
    private static async Task SameAnswers(Load load, Server floor)
    {
        var request = load.Requests[0];
        var (answer, expected) = (await Answer(load.Server), await Answer(floor));
        if (answer != expected)
            throw new InvalidOperationException(
                $"{request.Method} {request.Path} is answered with\n{answer}\nand by the floor with\n{expected}");

        async Task<string> Answer(Server server) => Encoding.UTF8.GetString(await server.Send(request.ToMessage()));
    }
}
