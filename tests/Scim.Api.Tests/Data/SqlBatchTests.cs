using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users;
using Shared.Hosting.Data;

namespace Scim.Api.Tests.Data;

[Parallelizable]
public sealed class SqlBatchTests
{
    private ScimServer server = null!;
    private AsyncServiceScope scope;

    private ScimDbContext Db => scope.ServiceProvider.GetRequiredService<ScimDbContext>();

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [SetUp]
    public async Task Open()
    {
        scope = server.Services.CreateAsyncScope();
        await Db.Database.OpenConnectionAsync();
    }

    [TearDown]
    public async Task Close() => await scope.DisposeAsync();

    [Test]
    public async Task Values_of_each_type_arrive()
    {
        var (guid, time) = (Guid.NewGuid(), new DateTime(2026, 11, 27, 23, 59, 59, 123, DateTimeKind.Utc));
        using var batch = SqlBatch.On(Db);
        batch.Add("SELECT $1, $2, $3, $4, $5, $6", guid, "Zoë 'x' $1", true, 7, 1L << 40, time);
        await using var results = await batch.Read(default);
        var values = await results.One(row => (
            row.GetGuid(0), row.GetString(1), row.GetBoolean(2), row.GetInt32(3), row.GetInt64(4), row.GetDateTime(5)));
        Assert.That(values, Is.EqualTo((guid, "Zoë 'x' $1", true, 7, 1L << 40, time)));
    }

    [Test]
    public async Task Null_of_each_type_is_NULL()
    {
        using var batch = SqlBatch.On(Db);
        batch.Add("SELECT $1, $2, $3, $4", (Guid?)null, (string?)null, (bool?)null, (DateTime?)null);
        await using var results = await batch.Read(default);
        var nulls = await results.One(row => Enumerable.Range(0, 4).Select(row.IsDBNull).ToList());
        Assert.That(nulls, Is.All.True);
    }

    [TestCase("b", ExpectedResult = true)]
    [TestCase("c\"d", ExpectedResult = true)]
    [TestCase("c", ExpectedResult = false)]
    public async Task<bool> A_text_is_found_in_a_list(string text)
    {
        using var batch = SqlBatch.On(Db);
        batch.Add($"SELECT $1 {batch.IsAnyOf("$2")}", text, new[] { "a", "b", "c\"d" });
        await using var results = await batch.Read(default);
        return await results.One(row => row.GetBoolean(0));
    }

    [Test]
    public async Task Each_statement_that_returns_rows_has_a_result_in_order()
    {
        await using var write = await Db.BeginWrite(default);
        using var batch = SqlBatch.On(Db);
        batch.Add("SELECT 1 WHERE 1 = 2");
        batch.Add("SELECT 2 UNION ALL SELECT 3 ORDER BY 1");
        batch.ChangePopulation(Guid.NewGuid(), by: 1);
        batch.Add("SELECT 4");
        await using var results = await batch.Read(default);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await results.All(First), Is.Empty);
            Assert.That(await results.All(First), Is.EqualTo(new[] { 2, 3 }));
            Assert.That(await results.One(First), Is.EqualTo(4));
            Assert.That(() => results.One(First), Throws.InvalidOperationException, "no statement is left");
        }
    }

    [Test]
    public async Task If_a_statement_fails_none_is_committed_and_the_next_transaction_works([Values(0, 1, 2)] int failing)
    {
        var accounts = new[] { Guid.NewGuid(), Guid.NewGuid() };
        await using (var write = await Db.BeginWrite(default))
        {
            using var batch = SqlBatch.On(Db);
            for (var i = 0; i <= accounts.Length; i++)
            {
                if (i == failing)
                    batch.Add("""INSERT INTO "Populations" ("AccountId", "Users") VALUES ($1, NULL)""", Guid.NewGuid());
                if (i < accounts.Length)
                    batch.ChangePopulation(accounts[i], by: 1);
            }
            Assert.That(() => write.Commit(batch, default), Throws.InstanceOf<DbException>());
        }
        Assert.That(await Count(accounts), Is.Zero);

        await using (var write = await Db.BeginWrite(default))
        {
            using var batch = SqlBatch.On(Db);
            Array.ForEach(accounts, account => batch.ChangePopulation(account, by: 1));
            await write.Commit(batch, default);
        }
        Assert.That(await Count(accounts), Is.EqualTo(2));
    }

    [Test]
    public async Task Nothing_is_committed_if_the_last_check_refuses()
    {
        var account = Guid.NewGuid();
        await using (var write = await Db.BeginWrite(default))
        {
            write.Guard(lastCheck: () => throw new TimeoutException(), ended: () => { });
            using var batch = SqlBatch.On(Db);
            batch.ChangePopulation(account, by: 1);
            Assert.That(() => write.Commit(batch, default), Throws.InstanceOf<TimeoutException>());
        }
        Assert.That(await Count(account), Is.Zero);
    }

    private Task<int> Count(params Guid[] accounts) =>
        Db.Set<Population>().CountAsync(population => accounts.Contains(population.AccountId));

    private static int First(DbDataReader row) => row.GetInt32(0);
}
