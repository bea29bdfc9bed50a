using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Data;
using Scim.Api.Users.Walks;

namespace Scim.Api.Tests.Users.Walks;

/// <summary>Walks by index (RFC 7644 §3.4.2.4), step by step.</summary>
[Parallelizable]
[Category("Slow")]
internal sealed class BookmarkTests
{
    private FakeTimeProvider time = null!;
    private ScimServer server = null!;
    private TestAccount account = null!;
    private HttpClient client = null!;
    private List<string> ids = null!;

    [SetUp]
    public async Task Start()
    {
        time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        server = await ScimServer.Start(time: time);
        account = new TestAccount();
        client = server.ClientOf(account);
        ids = await server.Gather(account, 30);
    }

    [TearDown]
    public async Task Stop()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [Test]
    public async Task A_page_that_is_requested_again_begins_at_the_same_user()
    {
        await Page(1, 10);
        await Delete(0, 5);
        Assert.That((await Page(11, 10)).Users, Is.EqualTo(ids[10..20]));
        await Delete(10, 2);
        Assert.That((await Page(11, 10)).Users, Is.EqualTo(ids[12..22]), "the answer was lost");
        Assert.That((await Page(21, 10)).Users, Is.EqualTo(ids[20..30]), "whichever of the two answers was read");
    }

    [Test]
    public async Task The_page_size_may_change_during_a_walk()
    {
        await Page(1, 4);
        await Delete(0, 3);
        Assert.That((await Page(5, 10)).Users, Is.EqualTo(ids[4..14]));
        await Delete(5, 3);
        Assert.That((await Page(15, 2)).Users, Is.EqualTo(ids[14..16]));
        Assert.That((await Page(17, 500)).Users, Is.EqualTo(ids[16..]));
    }

    [Test]
    public async Task An_index_between_bookmarks_is_counted_from_the_one_below()
    {
        await Page(1, 10);
        await Delete(0, 10);
        Assert.That((await Page(16, 5)).Users, Is.EqualTo(ids[15..20]));
        Assert.That((await Page(5, 5)).Users, Is.EqualTo(ids[14..19]), "no bookmark below");
    }

    [Test]
    public async Task The_total_never_falls_below_that_of_the_first_page()
    {
        var totals = new List<int> { (await Page(1, 10)).Total };
        await Delete(0, 10);
        totals.Add((await Page(11, 10)).Total);
        await Delete(22, 3);
        totals.Add((await Page(21, 10)).Total);
        Assert.That(totals, Is.EqualTo([30, 30, 30]));
        Assert.That((await Page(1, 10)).Total, Is.EqualTo(17), "a new walk begins with the truth");
        Assert.That((await Page(11, 10)).Total, Is.LessThan(30), "and goes on with it");
    }

    [Test]
    public async Task The_total_includes_users_after_the_page()
    {
        for (var i = 0; i < 30; i++)
            await client.Patch($"Users/{ids[i]}", $$"""{"op":"replace","path":"title","value":"m{{i:D2}}"}""");
        await Page(1, 15, "sortBy=title&");
        // Fifteen users who were read are deleted, and fifteen new ones take the indexes after the page.
        await Delete(0, 15);
        for (var i = 0; i < 15; i++)
            await client.CreateUser($"late{i}@example.com", ",\"title\":\"m20\"");
        var page = await Page(16, 15, "sortBy=title&");
        Assert.That(page.Total, Is.GreaterThan(30));
        Assert.That(page.Users.Concat((await Page(31, 15, "sortBy=title&")).Users), Is.SupersetOf(ids[15..]));
    }

    [Test]
    public async Task A_walk_by_itemsPerPage_ends()
    {
        var (seen, startIndex) = (new List<string>(), 1);
        for (var pages = 0; ; pages++)
        {
            Assert.That(pages, Is.LessThan(10));
            var page = await Page(startIndex, 10);
            seen.AddRange(page.Users);
            startIndex += page.Users.Count;
            if (pages == 0)
                await Delete(15, 10);
            if (startIndex > page.Total)
                break;
        }
        Assert.That(seen, Is.EqualTo(ids[..15].Concat(ids[25..])));
    }

    [Test]
    public async Task A_user_created_after_the_end_is_on_the_next_page_of_the_walk()
    {
        await Page(1, 15);
        await Page(16, 15);
        await Delete(0, 5);
        var late = (await client.CreateUser("late@example.com")).Id();
        Assert.That((await Page(31, 15)).Users, Is.EqualTo([late]));
    }

    [TestCase("startIndex=1&count=30")]
    [TestCase("count=500")]
    [TestCase("count=0")]
    [TestCase("startIndex=5&count=0")]
    [TestCase("startIndex=31")]
    [TestCase("filter=userName eq \"a0@example.com\"")]
    [TestCase("cursor=&count=5")]
    public async Task A_complete_list_leaves_no_bookmark(string query)
    {
        Assert.That((await client.Get("Users?" + query)).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await Bookmarks(), Is.Zero);
    }

    [Test]
    public async Task A_walk_is_renewed_by_each_page_and_expires_after_the_last()
    {
        await Page(1, 5);
        await Delete(0, 5);
        for (var index = 6; index < 26; index += 5)
        {
            time.Advance(TimeSpan.FromMinutes(29));
            Assert.That((await Page(index, 5)).Users, Is.EqualTo(ids[(index - 1)..(index + 4)]));
        }
        time.Advance(TimeSpan.FromMinutes(29));
        Assert.That((await Page(6, 5)).Users, Is.EqualTo(ids[5..10]), "all of the walk's bookmarks");
        time.Advance(TimeSpan.FromMinutes(30));
        Assert.That((await Page(6, 5)).Users, Is.EqualTo(ids[10..15]), "an index as any other");
    }

    [Test]
    public async Task Expired_walks_are_pruned()
    {
        await Page(1, 5);
        await Page(6, 5);
        await Page(1, 7);
        time.Advance(TimeSpan.FromMinutes(29));
        await Page(11, 5);
        await Pruning.Prune(default);
        Assert.That(await Bookmarks(), Is.EqualTo(4));
        time.Advance(TimeSpan.FromMinutes(2));
        await Pruning.Prune(default);
        Assert.That(await Bookmarks(), Is.EqualTo(3), "the walk of pages of 7");
        time.Advance(TimeSpan.FromMinutes(30));
        await Pruning.Prune(default);
        Assert.That(await Bookmarks(), Is.Zero);
    }

    [Test]
    public async Task Pruning_finds_expired_walks_by_an_index()
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        await db.Database.OpenConnectionAsync();
        // With few rows, PostgreSQL prefers to read all of them.
        if (db.Database.IsNpgsql())
            await db.Database.ExecuteSqlAsync($"SET enable_seqscan = off");
        var walks = await db.Plan(BookmarkPruning.ExpiredWalks(db, account.Id, DateTime.UtcNow));
        var accounts = await db.Plan(BookmarkPruning.AccountsWithWalks(db, account.Id).Take(1));
        Assert.That(walks, Has.Some.Contains("IX_Walks_AccountId_ExpiresAt"), string.Join('\n', walks));
        Assert.That(accounts, Has.None.StartsWith("SCAN").And.None.Contains("Seq Scan"), string.Join('\n', accounts));
    }

    [Test]
    public async Task A_client_with_very_many_lists_only_loses_its_oldest_bookmarks()
    {
        await Page(1, 5);
        await Delete(0, 5);
        for (var i = 0; i < 12; i++)
            await Page(1, 5, $"filter=externalId ne \"x{i}\"&");
        await Page(6, 5);
        for (var i = 0; i < 6; i++)
            await Page(1, 5, $"filter=externalId ne \"y{i}\"&");
        await Pruning.Prune(default, maxBookmarks: 10);
        Assert.That(await Bookmarks(), Is.EqualTo(10));
        Assert.That((await Page(11, 5)).Users, Is.EqualTo(ids[10..15]));
    }

    [Test]
    public async Task A_bookmark_that_cannot_be_saved_is_503()
    {
        await using (var scope = server.Services.CreateAsyncScope())
            await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Database
                .ExecuteSqlAsync($"""ALTER TABLE "Walks" RENAME TO "Elsewhere" """);
        var refused = await client.Get("Users?count=5");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable));
            Assert.That(refused.Message.Headers.RetryAfter?.Delta, Is.EqualTo(TimeSpan.FromSeconds(1)));
            Assert.That((await client.Get("Users")).Status, Is.EqualTo(HttpStatusCode.OK), "it needs none");
        }
    }

    [Test]
    public async Task The_same_query_is_the_same_walk_at_every_endpoint()
    {
        await Page(1, 10, "filter=active eq true&");
        await Delete(0, 5);
        var body = """{"filter":"active  EQ true","startIndex":11,"count":10,"attributes":["id"]}""";
        foreach (var endpoint in (string[])["Users/.search", ".search"])
        {
            var users = (await client.Post(endpoint, body))["Resources"]!.AsArray();
            Assert.That(users.Select(user => (string)user!["id"]!), Is.EqualTo(ids[10..20]));
        }
        Assert.That((await Page(11, 10)).Users, Is.EqualTo(ids[15..25]), "another query has no bookmark");
    }

    [Test]
    public async Task Accounts_do_not_share_bookmarks()
    {
        await Page(1, 10);
        var other = new TestAccount();
        var theirs = await server.Gather(other, 30);
        using var their = server.ClientOf(other);
        var page = await their.Get("Users?startIndex=11&count=5");
        Assert.That(page["Resources"]!.AsArray().Select(user => (string)user!["id"]!), Is.EqualTo(theirs[10..15]));
    }

    private BookmarkPruning Pruning => server.Services.GetServices<IHostedService>().OfType<BookmarkPruning>().Single();

    private async Task<(List<string> Users, int Total)> Page(int startIndex, int count, string query = "")
    {
        time.Advance(TimeSpan.FromMilliseconds(1));
        var page = await client.Get($"Users?{query}startIndex={startIndex}&count={count}");
        Assert.That(page.Status, Is.EqualTo(HttpStatusCode.OK), page.ToString());
        var users = page["Resources"]!.AsArray().Select(user => (string)user!["id"]!).ToList();
        Assert.That((int)page["itemsPerPage"]!, Is.EqualTo(users.Count));
        return (users, (int)page["totalResults"]!);
    }

    private async Task Delete(int first, int count)
    {
        foreach (var id in ids[first..(first + count)])
            Assert.That((await client.Delete($"Users/{id}")).Status, Is.EqualTo(HttpStatusCode.NoContent));
    }

    private async Task<int> Bookmarks()
    {
        await using var scope = server.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Set<Bookmark>()
            .CountAsync(bookmark => bookmark.AccountId == account.Id);
    }
}
