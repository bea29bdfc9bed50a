using System.Net;
using System.Reflection;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using SciLeads.Tests;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;
using Scim.Api.Tests.Users.Walks;
using Scim.Api.Users;
using Scim.Api.Users.Search;

namespace Scim.Api.Tests.Provisioning;

/// <summary>Which requests need a <see cref="SearchBudget"/>, and that their statements are cancelled when it ends.</summary>
internal sealed class BudgetedRequestTests
{
    // Enough rows for SQLite to ask several times whether to continue.
    private const int Many = 4000;

    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private readonly TestAccount account = new();
    private readonly TestAccount crowd = new();
    private ScimServer server = null!;
    private HttpClient client = null!;
    private HttpClient portal = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start(time: time);
        client = server.ClientOf(account);
        portal = server.PortalOf(account);
        await server.Gather(account, 5);
        await server.Gather(crowd, Many);
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        db.AddRange(Enumerable.Range(0, Many).Select(i => new ProvisioningEvent
        {
            AccountId = crowd.Id, Id = Guid.CreateVersion7(), Time = DateTime.UtcNow, Operation = "create",
            Outcome = "created", Status = 201, SearchText = "somebody",
        }));
        await db.SaveChangesAsync();
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        client.Dispose();
        portal.Dispose();
        await server.DisposeAsync();
    }

    [TestCase("Users", true)]
    [TestCase("Users?startIndex=2&count=1", true)]
    [TestCase("Users?startIndex=1001&count=1", true)]
    [TestCase("Users?cursor=&count=1", true)]
    [TestCase("Users?filter=userName eq \"a\"", true)]
    [TestCase("Users?filter=externalId eq \"1\"", true)]
    [TestCase("Users?filter=emails.value eq \"a\"", true)]
    [TestCase("Users?filter=userName eq \"a\" and active eq true", true)]
    [TestCase("Users?startIndex=900000", false)]
    [TestCase("Users?startIndex=1100", false)]
    [TestCase("Users?filter=userName eq \"a\"&startIndex=900000", false)]
    [TestCase("Users?filter=active eq true", false)]
    [TestCase("Users?filter=active eq true&count=0", false)]
    [TestCase("Users?filter=active eq true&cursor=", false)]
    [TestCase("Users?sortBy=title", false)]
    [TestCase("/portal/users", true)]
    [TestCase("/portal/users?page=last&sort=changed", true)]
    [TestCase("/portal/users?status=inactive", true)]
    [TestCase("/portal/users?search=a", false)]
    [TestCase("/portal/users?status=inactive&source=scim", false)]
    [TestCase("/portal/events", true)]
    [TestCase("/portal/events?outcome=refused", true)]
    [TestCase("/portal/events?from=2026-01-01&after=01890000-0000-7000-8000-000000000000", true)]
    [TestCase("/portal/events?status=429", false)]
    [TestCase("/portal/events?user=01890000-0000-7000-8000-000000000000", true)]
    [TestCase("/portal/events?user=01890000-0000-7000-8000-000000000000&outcome=refused", false)]
    [TestCase("/portal/events?user=01890000-0000-7000-8000-000000000000&search=a", false)]
    [TestCase("/portal/events?userName=a", false)]
    [TestCase("/portal/events?search=a", false)]
    [TestCase("/portal/events?search=a&outcome=refused", false)]
    [TestCase("/portal/events.csv?search=a", false)]
    [TestCase("Users/.search", true, "userName eq \"a\"")]
    [TestCase("Users/.search", false, "active eq true")]
    [TestCase(".search", false, "active eq true")]
    public async Task A_search_without_an_index_waits_for_its_turn(string path, bool isFree, string? posted = null)
    {
        var busy = new TaskCompletionSource<int>();
        var turns = new[] { Hold(busy.Task), Hold(busy.Task) };
        try
        {
            var request = posted is null
                ? (path[0] == '/' ? portal : client).Get(path)
                : client.Post(path, Posted(posted));
            var answer = await Until(request, () =>
            {
                if (!isFree)
                    time.Advance(TimeSpan.FromSeconds(1));
            });
            Assert.That(
                (answer.Status, answer.ScimType),
                Is.EqualTo(isFree ? (HttpStatusCode.OK, (string?)null) : (HttpStatusCode.BadRequest, "tooMany")));
        }
        finally
        {
            busy.SetResult(1);
            await Task.WhenAll(turns);
        }
    }

    private static string Posted(string filter) => new JsonObject
    {
        ["schemas"] = new JsonArray("urn:ietf:params:scim:api:messages:2.0:SearchRequest"),
        ["filter"] = filter,
    }.ToJsonString();

    /// <summary>Add a new endpoint to one of the two lists and, if it searches, to the cases above.</summary>
    [Test]
    public void Every_endpoint_that_searches_has_a_case_that_waits_for_its_turn()
    {
        string[] searches =
        [
            "GET /portal/events", "GET /portal/events.csv", "GET /portal/users", "GET /scim/v2/Users",
            "POST /scim/v2/.search", "POST /scim/v2/Users/.search",
        ];
        string[] others =
        [
            "GET /.well-known/oauth-protected-resource/{**resource}", "GET /scim/v2/Groups",
            "GET /scim/v2/Groups/{id}", "POST /scim/v2/Groups/.search",
            "GET /scim/v2/ResourceTypes", "GET /scim/v2/ResourceTypes/{id}", "GET /scim/v2/Schemas",
            "GET /scim/v2/Schemas/{id}",
            "GET /scim/v2/ServiceProviderConfig", "GET /scim/v2/Users/{id}",
            "GET /portal/users/{id:guid}", "GET /portal/lookup", "GET /portal/overview",
            "GET /portal/seats-in-use",
        ];
        var reading =
            from endpoint in server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            let pattern = "/" + endpoint.RoutePattern.RawText!.Trim('/')
            from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []
            where method == "GET" || pattern.EndsWith("/.search", StringComparison.Ordinal)
            select $"{method} {pattern}";
        Assert.That(reading, Is.EquivalentTo(searches.Concat(others)));
        var waiting =
            from test in GetType().GetMethod(nameof(A_search_without_an_index_waits_for_its_turn))!
                .GetCustomAttributes<TestCaseAttribute>()
            where test.Arguments[1] is false
            let path = ((string)test.Arguments[0]!).Split('?')[0]
            select $"{(test.Arguments.Length > 2 ? "POST" : "GET")} {(path[0] == '/' ? path : "/scim/v2/" + path)}";
        Assert.That(waiting.Distinct(), Is.EquivalentTo(searches));
    }

    [Test]
    public async Task All_statements_of_a_search_share_its_budget()
    {
        using var budget = new SearchBudget(time);
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var statements = 0;
        var search = budget.Run(db, account.Id, "", async token =>
        {
            for (; ; statements++)
            {
                await db.UsersOf(account.Id).CountAsync(token);
                time.Advance(SearchBudget.Limit / 4);
            }
#pragma warning disable CS0162 // Only the end of the budget ends it.
            return 0;
#pragma warning restore CS0162
        }, default);
        Assert.That(async () => await search, Throws.TypeOf<ScimException>());
        Assert.That(statements, Is.InRange(1, 4));
    }

    [TestCase("users", 0, 90)]
    [TestCase("users", 30, 45)]
    [TestCase("events", 0, 90)]
    [TestCase("events", 30, 45)]
    public void A_search_is_stopped_when_it_exceeds_its_budget_including_the_wait(
        string what, int waiting, int running) =>
        Assert.That(
            () => SearchWithinAnHour(what, waiting, running),
            Throws.TypeOf<ScimException>().With.Property("Error").Property("ScimType").EqualTo("tooMany"));

    [TestCase("users", 0, 45)]
    [TestCase("users", 45, 0)]
    [TestCase("events", 0, 45)]
    [TestCase("events", 45, 0)]
    public Task A_search_within_its_budget_including_the_wait_is_answered(string what, int waiting, int running) =>
        SearchWithinAnHour(what, waiting, running);

    /// <summary>
    /// A search that waits for its turn and then runs for some minutes of a fake clock. On PostgreSQL its
    /// statement waits for a lock; on SQLite, where readers never wait, each row is slow.
    /// </summary>
    private async Task SearchWithinAnHour(string what, int waiting, int running)
    {
        var clock = new FakeTimeProvider();
        using var budget = new SearchBudget(clock, TimeSpan.FromHours(1));
        await using var scope = server.Services.CreateAsyncScope();
        await using var other = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var blocker = other.ServiceProvider.GetRequiredService<ScimDbContext>();
        await using var blocking = await blocker.BeginWrite(default);
        if (TestPostgres.IsWanted)
        {
            await blocker.Database.ExecuteSqlAsync(
                $"""LOCK TABLE "Users", "ProvisioningEvents" IN ACCESS EXCLUSIVE MODE""");
        }
        else
        {
            await db.Database.OpenConnectionAsync();
            ((SqliteConnection)db.Database.GetDbConnection()).CreateFunction("instr", (string _, string _) =>
            {
                clock.Advance(TimeSpan.FromMinutes(running) / Many);
                return 0L;
            });
        }

        var busy = new TaskCompletionSource<int>();
        var turns = new[] { Hold(busy.Task, budget), Hold(busy.Task, budget) };
        var search = Search(what, db, budget);
        clock.Advance(TimeSpan.FromMinutes(waiting));
        busy.SetResult(1);
        await Task.WhenAll(turns);
        if (TestPostgres.IsWanted)
        {
            Assert.That(
                async () => await blocker.Database
                    .SqlQuery<int>($"""SELECT COUNT(*)::int AS "Value" FROM pg_locks WHERE NOT granted""")
                    .SingleAsync(),
                Is.GreaterThan(0).After(30).Seconds.PollEvery(20).MilliSeconds);
            clock.Advance(TimeSpan.FromMinutes(running));
            if (waiting + running > 60)
                await search.WaitAsync(TimeSpan.FromSeconds(30));
            await blocking.DisposeAsync();
        }
        await search;
    }

    private Task Search(string what, ScimDbContext db, SearchBudget budget) => what == "users"
        ? new UserSearch(db, budget, new(time), server.Services.GetRequiredService<IOptions<ScimOptions>>()).Find(
            new(crowd.Id, BoundFilter.Parse("title co \"nobody\"", ResourceType.User.Find)), after: null, skip: 0, take: 1, maxSize: 0, default)
        : new EventQuery().Searching("nobody").Read(db, budget, crowd.Id, 50, default);

    private async Task<int> Hold(Task<int> busy, SearchBudget? budget = null)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var (whose, of) = budget is null
            ? (account, server.Services.GetRequiredService<SearchBudget>())
            : (crowd, budget);
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        return await of.Run(db, whose.Id, "", _ => busy, default);
    }

    private static async Task<T> Until<T>(Task<T> task, Action again)
    {
        while (!task.IsCompleted)
        {
            again();
            await Task.WhenAny(task, Task.Delay(5));
        }
        return await task;
    }
}
