using System.Text;

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
