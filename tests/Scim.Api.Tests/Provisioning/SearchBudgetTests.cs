using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Provisioning;
using Scim.Api.Users;

namespace Scim.Api.Tests.Provisioning;

[Parallelizable]
internal sealed class SearchBudgetTests
{
    private const string Remedy = "Ask for less.";

    private readonly Guid account = Guid.NewGuid();
    private ScimServer server = null!;
    private AsyncServiceScope scope;
    private SearchBudget budget = null!;

    private ScimDbContext Db => scope.ServiceProvider.GetRequiredService<ScimDbContext>();

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [SetUp]
    public void Open()
    {
        scope = server.Services.CreateAsyncScope();
        budget = new SearchBudget(TimeProvider.System);
    }

    [TearDown]
    public async Task Close()
    {
        budget.Dispose();
        await scope.DisposeAsync();
    }

    [Test]
    public async Task An_endless_search_is_stopped_and_the_connection_remains_usable()
    {
        var endless = Db.Database.IsNpgsql()
            ? "SELECT pg_sleep(600)::text AS \"Value\""
            : "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS \"Value\" FROM n";
        var stopped = Assert.ThrowsAsync<ScimException>(() => budget.Run(
            Db, account, Remedy, token => Db.Database.SqlQueryRaw<string>(endless).ToListAsync(token), default));
        Assert.That(stopped!.Error, Has.Property("ScimType").EqualTo("tooMany").And.Property("Status").EqualTo(400));
        Assert.That(stopped.Error.Detail, Does.EndWith("seconds, the limit for one search. " + Remedy));
        Assert.That(await Db.Users.CountAsync(), Is.Zero);
    }

    [Test]
    public async Task Two_searches_of_an_account_run_concurrently_and_a_third_waits()
    {
        var busy = new TaskCompletionSource<int>();
        var (one, two) = (budget.Run(Db, account, Remedy, _ => busy.Task, default), Other(_ => busy.Task, account));
        var third = Other(_ => Task.FromResult(3), account);
        var elsewhere = await Other(_ => Task.FromResult(4), Guid.NewGuid());
        Assert.That((third.IsCompleted, elsewhere), Is.EqualTo((false, 4)), "other accounts do not wait");
        busy.SetResult(1);
        Assert.That(await Task.WhenAll(one, two, third), Is.EqualTo([1, 1, 3]));
    }

    [Test]
    public async Task A_search_that_waits_too_long_is_refused()
    {
        var never = new TaskCompletionSource<int>();
        var (one, two) = (budget.Run(Db, account, Remedy, _ => never.Task, default), Other(_ => never.Task, account));
        var refused = Assert.ThrowsAsync<ScimException>(() => Other(_ => Task.FromResult(3), account));
        Assert.That(refused!.Error.ScimType, Is.EqualTo("tooMany"));
        never.SetResult(1);
        await Task.WhenAll(one, two);
    }

    private async Task<int> Other(Func<CancellationToken, Task<int>> search, Guid whose)
    {
        await using var other = server.Services.CreateAsyncScope();
        var db = other.ServiceProvider.GetRequiredService<ScimDbContext>();
        return await budget.Run(db, whose, Remedy, search, default);
    }
}
