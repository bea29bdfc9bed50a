using System.Net;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Scim.Api.Data;
using Scim.Api.Protocol.Messages;
using Scim.Api.Tests.Users.Walks;
using Scim.Api.Users.Walks;

namespace Scim.Api.Tests.Users;

/// <summary>Messages of which only a few fit in memory: long pages and large bodies.</summary>
[Category("Slow")]
internal sealed class LargePageTests
{
    private const int Megabyte = 1_000_000;

    private FakeTimeProvider time = null!;
    private ScimServer server = null!;
    private TestAccount account = null!;
    private HttpClient client = null!;

    [SetUp]
    public async Task Start()
    {
        time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        server = await ScimServer.Start(time: time);
        account = new TestAccount();
        client = server.ClientOf(account);
    }

    [TearDown]
    public async Task Stop()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    // Around the limits for documents that are read with the page, later in one step, or never with the page.
    [TestCase(30, 5_000)]
    [TestCase(30, 12_000)]
    [TestCase(20, 17_000)]
    [TestCase(6, 70_000)]
    [TestCase(4, 300_000)]
    [TestCase(260, 1_500)]
    public async Task A_page_is_the_same_however_it_is_read(int users, int length)
    {
        var ids = await server.Gather(account, users, length);
        var first = (await client.Get($"Users/{ids[0]}")).Json!;
        string[] lists =
        [
            "Users?count=500", "Users?cursor=&count=500", "Users?count=500&filter=active eq true",
            "Users?count=500&sortBy=id", "Users?count=500&sortBy=meta.created",
        ];
        foreach (var list in lists)
        {
            var page = await client.Get(list);
            var resources = page["Resources"]!.AsArray();
            using (Assert.EnterMultipleScope())
            {
                Assert.That(resources.Select(user => (string)user!["id"]!), Is.EqualTo(ids), list);
                Assert.That(JsonNode.DeepEquals(resources[0], first), list);
                Assert.That((int)page["itemsPerPage"]!, Is.EqualTo(users), list);
                Assert.That((int)page["totalResults"]!, Is.EqualTo(users), list);
            }
        }
        var descending = await client.Get(
            "Users?count=500&sortBy=meta.created&sortOrder=descending&attributes=userName");
        Assert.That(
            descending["Resources"]!.AsArray().Select(user => (string)user!["id"]!),
            Is.EqualTo(ids.AsEnumerable().Reverse()));
        Assert.That(descending.ToString(), Does.Not.Contain("profileUrl"));
        var searched = await client.Post("Users/.search", """{"count":500,"attributes":["id"]}""");
        Assert.That(searched["Resources"]!.AsArray().Select(user => (string)user!["id"]!), Is.EqualTo(ids));
        var next = await client.Get("Users?startIndex=3&count=500");
        Assert.That(next["Resources"]!.AsArray().Select(user => (string)user!["id"]!), Is.EqualTo(ids[2..]));
    }

    [Test]
    public async Task A_user_deleted_while_a_page_is_read_is_still_on_it_and_the_next_page_misses_nobody()
    {
        var ids = await server.Gather(account, 14, Megabyte);
        using var slow = await SlowReader.Begin(server, account, "Users?count=12");
        foreach (var id in ids[5..11])
            Assert.That((await client.Delete($"Users/{id}")).Status, Is.EqualTo(HttpStatusCode.NoContent));
        var page = (JsonNode.Parse(await slow.ReadToEnd())!)["Resources"]!.AsArray();
        Assert.That(page.Select(user => (string)user!["id"]!), Is.EqualTo(ids[..12]));
        var next = await client.Get("Users?startIndex=13&count=12");
        Assert.That(next["Resources"]!.AsArray().Select(user => (string)user!["id"]!), Is.EqualTo(ids[12..]));
    }

    [Test]
    public async Task A_fault_in_the_middle_of_a_page_does_not_look_like_its_end()
    {
        await server.Gather(account, 14, Megabyte);
        using var slow = await SlowReader.Begin(server, account, "Users?count=12");
        await Execute("""ALTER TABLE "Users" RENAME TO "Elsewhere" """);
        Assert.That(slow.ReadToEnd, Throws.Exception);
    }

    [Test]
    public async Task A_credential_set_that_ends_in_the_middle_of_a_page_ends_the_page()
    {
        await server.Gather(account, 14, Megabyte);
        using var slow = await SlowReader.Begin(server, account, "Users?count=12");
        (account.SetId, account.Generation) = (Guid.CreateVersion7(), 2);
        Assert.That(slow.ReadToEnd, Throws.Exception);
    }

    [Test]
    public async Task The_bookmark_is_saved_before_the_page_has_been_read()
    {
        await server.Gather(account, 14, Megabyte);
        using var slow = await SlowReader.Begin(server, account, "Users?count=12");
        await using var scope = server.Services.CreateAsyncScope();
        var bookmarks = scope.ServiceProvider.GetRequiredService<ScimDbContext>().Set<Bookmark>();
        Assert.That(await bookmarks.CountAsync(), Is.EqualTo(1));
    }

    [Test]
    public async Task Slow_readers_only_delay_large_pages_of_their_own_account()
    {
        var ids = await server.Gather(account, 14, Megabyte);
        var other = new TestAccount();
        await server.Gather(other, 3, Megabyte);
        using var others = server.ClientOf(other);
        var slow = new List<SlowReader>();
        for (var i = 0; i < LargeMessages.PerAccount; i++)
            slow.Add(await SlowReader.Begin(server, account, "Users?count=12"));

        foreach (var (method, path, body) in LargeRequests(ids[0]))
        {
            var waiting = client.Send(method, path, body);
            var refused = await Until(waiting, () => time.Advance(TimeSpan.FromSeconds(1)));
            using (Assert.EnterMultipleScope())
            {
                Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.TooManyRequests), $"{path} {refused}");
                Assert.That(refused.Message.Headers.GetValues("Retry-After").Single(), Does.Match("^[1-9][0-9]*$"));
            }
            // The timeouts of the readers use the same clock.
            slow.ForEach(reader => reader.Dispose());
            slow.Clear();
            for (var i = 0; i < LargeMessages.PerAccount; i++)
                slow.Add(await SlowReader.Begin(server, account, "Users?count=12"));
        }
        using (Assert.EnterMultipleScope())
        {
            Assert.That((await others.Get("Users?count=3")).Status, Is.EqualTo(HttpStatusCode.OK), "another account");
            Assert.That(
                (await client.Get("Users?filter=userName eq \"nobody@example.com\"")).Status,
                Is.EqualTo(HttpStatusCode.OK));
            Assert.That((await client.Get("Users?count=0")).Status, Is.EqualTo(HttpStatusCode.OK));
            Assert.That((await client.Patch($"Users/{ids[13]}", """{"op":"replace","path":"active","value":false}""")).Status, Is.EqualTo(HttpStatusCode.OK), "no lock is held");
        }
        slow.ForEach(reader => reader.Dispose());
        Assert.That((await client.Get("Users?count=12&attributes=id")).Status, Is.EqualTo(HttpStatusCode.OK));
    }

    [Test]
    public async Task Readers_who_take_nothing_are_disconnected()
    {
        await server.Gather(account, 14, Megabyte);
        var slow = new List<SlowReader>();
        for (var i = 0; i < LargeMessages.PerAccount; i++)
            slow.Add(await SlowReader.Begin(server, account, "Users?count=12"));
        var refused = 0;
        while ((await Until(client.Get("Users?count=2"), () => time.Advance(TimeSpan.FromSeconds(1)))).Status
            == HttpStatusCode.TooManyRequests)
            refused++;
        var cutOff = 0;
        foreach (var reader in slow)
        {
            try
            {
                await reader.ReadToEnd();
            }
            catch (IOException)
            {
                cutOff++;
            }
            reader.Dispose();
        }
        Assert.That(refused, Is.Positive, "as long as the readers were waited for");
        Assert.That(cutOff, Is.Positive, "whose slot it was");
    }

    [Test]
    public async Task A_large_search_with_a_large_response_needs_one_slot()
    {
        await server.Gather(account, 14, Megabyte);
        var slow = new List<SlowReader>();
        for (var i = 1; i < LargeMessages.PerAccount; i++)
            slow.Add(await SlowReader.Begin(server, account, "Users?count=12"));
        var search = $$"""{"count":2,"attributes":["id"],"x":"{{new string('x', 100_000)}}"}""";

        var answer = await client.Post("Users/.search", search).WaitAsync(TimeSpan.FromMinutes(1));

        Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), "one slot is left, and a search needs only one");
        slow.ForEach(reader => reader.Dispose());
    }

    [Test]
    public async Task The_portal_lists_large_users_briefly()
    {
        await server.Gather(account, 5, Megabyte);
        using var portal = server.PortalOf(account);
        var page = await portal.Get("users");
        Assert.That(page["users"]!.AsArray(), Has.Count.EqualTo(5));
        Assert.That(page.ToString(), Has.Length.LessThan(10_000));
    }

    private static IEnumerable<(string Method, string Path, string? Body)> LargeRequests(string largeUser)
    {
        var padding = new string('x', 100_000);
        yield return ("GET", "Users?count=12", null);
        yield return ("GET", $"Users/{largeUser}", null);
        yield return ("GET", "Users?cursor=&count=12", null);
        yield return ("GET", "Users?filter=active eq true", null);
        yield return ("POST", "Users/.search", "{}");
        yield return ("POST", ".search", "{}");
        yield return ("POST", "Users", $$"""{"title":"{{padding}}"}""");
        yield return ("POST", "Bulk", $$"""{"Operations":[],"x":"{{padding}}"}""");
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

    private async Task Execute(string sql)
    {
        await using var scope = server.Services.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Database.ExecuteSqlRawAsync(sql);
    }
}
