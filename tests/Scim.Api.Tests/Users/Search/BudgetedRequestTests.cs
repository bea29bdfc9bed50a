using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Tests.Users.Walks;
using Scim.Api.Users;
using Scim.Api.Users.Search;

namespace Scim.Api.Tests.Users.Search;

/// <summary>Which requests need a <see cref="SearchBudget"/>, and that their statements hear of its end.</summary>
internal sealed class BudgetedRequestTests
{
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private readonly TestAccount account = new();
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
    [TestCase("/portal/users?page=2", true)]
    [TestCase("/portal/users?search=a", false)]
    [TestCase("/portal/users?page=40000", false)]
    [TestCase("/portal/events", true)]
    [TestCase("/portal/events?outcome=refused", true)]
    public async Task What_no_index_serves_waits_for_its_turn(string path, bool isFree)
    {
        var busy = new TaskCompletionSource<int>();
        var turns = new[] { Hold(busy.Task), Hold(busy.Task) };
        try
        {
            var request = (path[0] == '/' ? portal : client).Get(path);
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

    [Test]
    public async Task All_statements_of_a_search_share_its_time_with_the_waiting()
    {
        using var budget = new SearchBudget(time);
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var statements = 0;
        var search = budget.Run(db, account.Id, async token =>
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

    // Only PostgreSQL lets a reader wait; SQLite is asked to go on while it works.
    [Test]
    public async Task The_end_of_the_budget_reaches_a_statement_that_waits()
    {
        await using var scope = server.Services.CreateAsyncScope();
        await using var other = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        if (!db.Database.IsNpgsql())
            return;
        await using var transaction = await db.Database.BeginTransactionAsync();
        await db.Database.ExecuteSqlAsync($"""LOCK TABLE "Users" IN ACCESS EXCLUSIVE MODE""");
        // By the server's clock, an hour never passes.
        using var budget = new SearchBudget(time, TimeSpan.FromHours(1));
        var search = new UserSearch(
            other.ServiceProvider.GetRequiredService<ScimDbContext>(),
            budget,
            server.Services.GetRequiredService<IOptions<ScimOptions>>());
        var query = new UserQuery(account.Id, Filter.Parse("active eq true"));
        var found = search.Find(query, after: null, skip: 0, take: 1, maxSize: 0, default);
        Assert.That(
            async () => await db.Database
                .SqlQuery<int>($"""SELECT COUNT(*)::int AS "Value" FROM pg_locks WHERE NOT granted""").SingleAsync(),
            Is.GreaterThan(0).After(30).Seconds.PollEvery(20).MilliSeconds,
            "the statement waits for the table");
        Assert.That(
            async () => await Until(found, () => time.Advance(TimeSpan.FromHours(1))),
            Throws.TypeOf<ScimException>().With.Property("Error").Property("ScimType").EqualTo("tooMany"));
    }

    private async Task<int> Hold(Task<int> busy)
    {
        await using var scope = server.Services.CreateAsyncScope();
        return await server.Services.GetRequiredService<SearchBudget>()
            .Run(scope.ServiceProvider.GetRequiredService<ScimDbContext>(), account.Id, _ => busy, default);
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
