using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;
using Scim.Api.Users;
using Scim.Api.Users.Search;
using Shared.Hosting.Data;

namespace Scim.Api.Tests.Users;

/// <summary>The lookups that clients send for every assignment use an index and never scan the account.</summary>
internal sealed class PlanTests
{
    private readonly Guid account = Guid.NewGuid();
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start();
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        for (var i = 0; i < 2000; i++)
        {
            var now = DateTime.UtcNow;
            var user = new User { AccountId = account, Id = Guid.CreateVersion7(), Source = "scim", Created = now };
            var document = Requests.NewUser(
                $"u{i}@example.com",
                $$""","externalId":"{{i}}","emails":[{"value":"u{{i}}@example.com","type":"work"}]""");
            user.SetDocument(JsonNode.Parse(document)!.AsObject(), claimsWorkEmail: true, now);
            db.Add(user);
            if (i % 100 == 0)
                db.Add(new Seat { AccountId = account, UserId = user.Id, Product = "portal" });
        }
        await db.SaveChangesAsync();
        // PostgreSQL eventually does this by itself; SQLite does not.
        if (db.Database.IsNpgsql())
            await db.Database.ExecuteSqlAsync($"ANALYZE");
    }

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [TestCase("userName eq \"a\"", "AccountId", "UserNameKey")]
    [TestCase("externalId eq \"a\"", "AccountId", "ExternalId")]
    [TestCase("id eq \"0193f3b0-0000-7000-8000-000000000000\"", "AccountId", "Id")]
    [TestCase("emails.value eq \"a\"", "AccountId", "ValueKey")]
    [TestCase("emails[type eq \"work\" and value eq \"a\"]", "AccountId", "ValueKey")]
    [TestCase("userName eq \"a\" and active eq true", "AccountId", "UserNameKey")]
    public async Task An_index_finds(string filter, params string[] columns)
    {
        var plan = await Plan(new(account, BoundFilter.Parse(filter, ResourceType.User.Find)));
        Assert.That(plan, Has.Some.Matches<string>(step => IsLookup(step, columns)), string.Join('\n', plan));
        Assert.That(plan, Has.None.Matches<string>(IsWalk), string.Join('\n', plan));
    }

    [Test]
    public async Task A_page_is_read_in_the_order_of_the_key()
    {
        var plan = await Plan(new(account));
        Assert.That(plan, Has.None.Contains("TEMP B-TREE").And.None.Contains("Sort"), string.Join('\n', plan));
    }

    [TestCase("", "(\"AccountId\" = |AccountId=\\?)")]
    [TestCase("sort=email", "UserNameKey")]
    [TestCase("sort=changed", "LastModified")]
    [TestCase("sort=status", "Active_Id")]
    [TestCase("sort=source", "Source_Id")]
    [TestCase("status=inactive", "Active_Id")]
    [TestCase("source=scileads", "Source_Id")]
    [TestCase("licence=portal", "(Seats|Product)")]
    [TestCase("changed=hand", "ActiveSetByHand")]
    [TestCase("changed=hand&sort=email", "ActiveSetByHand")]
    [TestCase("source=scileads&sort=changed", "Source_Id")]
    [TestCase("search=u1@example.com", "UserNameKey")]
    [TestCase("search=u1@example.co", "ValueKey")]
    public async Task The_portals_list_uses_an_index(string query, string index)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var http = new DefaultHttpContext { Request = { QueryString = new("?" + query) } };
        var list = await PortalUserQuery.BindAsync(http);
        var dialect = SqlDialect.Of(db.Database);
        var address = !query.StartsWith("search", StringComparison.Ordinal) ? PortalUserQuery.Address.None
            : query.EndsWith(".co", StringComparison.Ordinal) ? PortalUserQuery.Address.Prefix
            : PortalUserQuery.Address.Exact;
        // Where the filter leaves few users, its index is used; otherwise the index of the order.
        var page = await Plan(db, list.PageText(
            dialect, account, address, isIndexed: true, position: null, false));
        var count = await Plan(db, list.CountText(dialect, account, address));
        Assert.That(page, Has.Some.Match(index), string.Join('\n', page));
        // Few users are sorted, and those of an address.
        var isSorted = query.Contains("&sort", StringComparison.Ordinal) || address != PortalUserQuery.Address.None;
        foreach (var plan in new[] { page, count })
            Assert.That(plan, Has.None.Matches<string>(step => IsScan(step, isSorted)), string.Join('\n', plan));
    }

    private static bool IsScan(string step, bool isSorted) =>
        (step.StartsWith("SCAN", StringComparison.Ordinal) && !step.Contains("SCAN counted", StringComparison.Ordinal))
        // Of a table with one page, PostgreSQL uses no index.
        || step.Contains("Seq Scan on \"Users\"", StringComparison.Ordinal)
        || (!isSorted && step.Contains("TEMP B-TREE", StringComparison.Ordinal));

    private static bool IsLookup(string step, string[] columns) =>
        step.Contains(string.Join(" AND ", columns.Select(column => $"{column}=?")), StringComparison.Ordinal)
        || (step.Contains("Index Cond:", StringComparison.Ordinal)
            && columns.All(column => step.Contains($"\"{column}\" =", StringComparison.Ordinal)));

    private static bool IsWalk(string step) =>
        step.StartsWith("SCAN", StringComparison.Ordinal)
        || step.EndsWith("(AccountId=?)", StringComparison.Ordinal)
        || step.Contains("Seq Scan", StringComparison.Ordinal);

    private async Task<List<string>> Plan(UserQuery query)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var sql = new SqlText(SqlDialect.Of(db.Database));
        scope.ServiceProvider.GetRequiredService<UserSearch>()
            .WritePage(sql, query, sortKey: null, after: null, skip: 0, take: 100);
        return await Plan(db, sql);
    }

    private static async Task<List<string>> Plan(ScimDbContext db, SqlText sql)
    {
        await db.Database.OpenConnectionAsync();
        using var batch = SqlBatch.On(db);
        sql.AddTo(batch, db.Database.IsNpgsql() ? "EXPLAIN " : "EXPLAIN QUERY PLAN ");
        await using var results = await batch.Read(default);
        return [.. await results.All(row => row.GetString(db.Database.IsNpgsql() ? 0 : 3))];
    }
}
