using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Users.Walks;

namespace Scim.Api.Tests.Users.Walks;

/// <summary>Pages that are requested again and again leave nothing behind, and cost other walks nothing.</summary>
[Parallelizable]
[Category("Slow")]
internal sealed class RepeatedPageTests : TwoNodes
{
    private TestAccount account = null!;
    private List<string> ids = null!;

    [SetUp]
    public async Task Gather()
    {
        account = new TestAccount();
        account.Policy = account.Policy with { RateLimit = 10_000 };
        ids = await One.Gather(account, 40);
    }

    [TestCase("count=10")]
    [TestCase("count=10&startIndex=11")]
    [TestCase("count=10&startIndex=31", Description = "the last page")]
    [TestCase("count=10&startIndex=15", Description = "no page of the walk")]
    [TestCase("count=10&filter=active eq true")]
    [TestCase("count=10&sortBy=nickName&startIndex=21")]
    public async Task A_page_that_is_requested_again_and_again_changes_no_row(string page)
    {
        using var client = One.ClientOf(account);
        for (var startIndex = 1; startIndex <= 31; startIndex += 10)
            await Read(client, $"count=10&startIndex={startIndex}");
        // From the second request on, several readers may be at the end of the page.
        for (var i = 0; i < 2; i++)
            await Read(client, page);
        var before = await Rows();
        for (var i = 0; i < 200; i++)
            await Read(client, page);
        Assert.That(await Rows(), Is.EqualTo(before));
    }

    [Test]
    public async Task Pages_that_are_requested_at_the_same_time_by_several_nodes_have_one_bookmark()
    {
        HttpClient[] clients = [One.ClientOf(account), Two.ClientOf(account)];
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Read(clients[i % 2], "count=10")));
        await Task.WhenAll(Enumerable.Range(0, 40).Select(i => Read(clients[i % 2], "count=10&startIndex=11")));
        Assert.That((await Rows()).Count(row => row.StartsWith(nameof(Bookmark))), Is.EqualTo(2));
        Array.ForEach(clients, client => client.Dispose());
    }

    [Test]
    public async Task A_client_that_only_reads_the_first_pages_adds_no_rows()
    {
        using var client = One.ClientOf(account);
        for (var i = 0; i < 3; i++)
            await ReadTwoPages();
        var before = await Rows();
        for (var i = 0; i < 100; i++)
            await ReadTwoPages();
        Assert.That(await Rows(), Is.EqualTo(before));

        async Task ReadTwoPages()
        {
            await Read(client, "count=10");
            await Read(client, "count=10&startIndex=11");
        }
    }

    [Test]
    public async Task Repeated_walks_add_no_bookmarks()
    {
        using var client = One.ClientOf(account);
        for (var i = 0; i < 5; i++)
            for (var startIndex = 1; startIndex <= 31; startIndex += 10)
                await Read(client, $"count=10&startIndex={startIndex}");
        Assert.That((await Rows()).Count(row => row.StartsWith(nameof(Bookmark))), Is.EqualTo(4));
    }

    [Test]
    public async Task Whoever_reads_a_page_that_others_read_too_misses_nobody()
    {
        using var client = One.ClientOf(account);
        // The first reader stays at the end of the first page, the second one reads on, the third one begins later.
        await Read(client, "count=10");
        await Read(client, "count=10");
        Assert.That(await Read(client, "count=10&startIndex=11"), Is.EqualTo(ids[10..20]));
        for (var startIndex = 21; startIndex <= 31; startIndex += 10)
            await Read(client, $"count=10&startIndex={startIndex}");
        foreach (var id in ids[..5])
            await client.Delete($"Users/{id}");
        Assert.That(await Read(client, "count=10"), Is.EqualTo(ids[5..15]));
        Assert.That(await Read(client, "count=10&startIndex=11"), Does.Contain(ids[10]), "the first reader");
    }

    [Test]
    public async Task A_client_that_polls_the_first_page_does_not_hold_a_walk_back_after_it()
    {
        using var client = One.ClientOf(account);
        for (var walk = 0; walk < 3; walk++)
        {
            var seen = new List<string>();
            for (var startIndex = 1; startIndex <= 31; startIndex += 10)
            {
                await Read(client, "count=10");
                seen.AddRange(await Read(client, $"count=10&startIndex={startIndex}"));
            }
            Assert.That(seen, Is.EqualTo(ids), "a list that does not change");
        }
        // A walk that begins now continues where the poller stands, and then from its own bookmarks.
        await client.Delete($"Users/{ids[15]}");
        var late = new List<string>();
        for (var startIndex = 1; startIndex <= 31; startIndex += 10)
        {
            await Read(client, "count=10");
            late.AddRange(await Read(client, $"count=10&startIndex={startIndex}"));
        }
        Assert.That(late, Is.EqualTo(ids[..15].Concat(ids[16..])));
    }

    private static async Task<List<string>> Read(HttpClient client, string page)
    {
        var answer = await client.Get("Users?attributes=id&" + page);
        Assert.That((int)answer.Status, Is.EqualTo(200), answer.ToString());
        return [.. answer["Resources"]!.AsArray().Select(user => (string)user!["id"]!)];
    }

    private async Task<List<string>> Rows()
    {
        await using var scope = One.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var walks = await db.Set<Walk>().AsNoTracking().Where(walk => walk.AccountId == account.Id).ToListAsync();
        var bookmarks = await db.Set<Bookmark>().AsNoTracking().Where(one => one.AccountId == account.Id)
            .Select(one => $"{nameof(Bookmark)} {one.NextIndex} {one.UserId} {one.SortValue} {one.WalkId} {one.SavedAt}")
            .ToListAsync();
        return [.. walks.Select(walk => walk.ToString()).Concat(bookmarks).Order(StringComparer.Ordinal)];
    }
}
