using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace Scim.Api.Tests.Users.Walks;

/// <summary>Walks by cursor (RFC 9865).</summary>
[Parallelizable]
internal sealed class CursorTests
{
    private readonly TestAccount account = new();
    private readonly FakeTimeProvider time = new(DateTimeOffset.UtcNow);
    private ScimServer server = null!;
    private HttpClient client = null!;
    private List<string> ids = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start(time: time);
        client = server.ClientOf(account);
        ids = await server.Gather(account, 12);
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [TestCase(5, 5, 5, 2)]
    [TestCase(6, 6, 6)]
    [TestCase(12, 12)]
    [TestCase(500, 12)]
    [TestCase(1000, 12, Description = "maxPageSize, whatever the count")]
    [TestCase(11, 11, 1)]
    public async Task A_walk_ends_without_a_next_cursor(int count, params int[] pages)
    {
        var (seen, sizes, cursor) = (new List<string>(), new List<int>(), "");
        while (cursor is not null)
        {
            var page = await client.Get($"Users?count={count}&cursor={cursor}");
            var users = page["Resources"]!.AsArray().Select(user => (string)user!["id"]!).ToList();
            seen.AddRange(users);
            sizes.Add(users.Count);
            cursor = (string?)page["nextCursor"];
            using (Assert.EnterMultipleScope())
            {
                Assert.That((int)page["totalResults"]!, Is.EqualTo(12));
                Assert.That((int)page["itemsPerPage"]!, Is.EqualTo(users.Count));
                Assert.That(page.Json!.ContainsKey("startIndex"), Is.False);
                Assert.That(cursor, Is.Null.Or.Matches("^[A-Za-z0-9._~-]{1,4000}$"), "RFC 3986 §2.3");
            }
        }
        Assert.That((seen, sizes), Is.EqualTo((ids, pages)));
    }

    [TestCase("cursor")]
    [TestCase("cursor=")]
    [TestCase("CURSOR=&count=0")]
    [TestCase("cursor=&count=-3")]
    [TestCase("cursor=&filter=userName eq \"nobody\"")]
    public async Task A_complete_list_has_no_next_cursor(string query)
    {
        var page = await client.Get("Users?" + query);
        Assert.That((page.Status, page.Json!.ContainsKey("nextCursor")), Is.EqualTo((HttpStatusCode.OK, false)));
    }

    [Test]
    public async Task Without_a_cursor_the_list_is_read_by_index()
    {
        var page = await client.Get("Users?count=5");
        Assert.That(((int)page["startIndex"]!, page.Json!.ContainsKey("nextCursor")), Is.EqualTo((1, false)));
    }

    [TestCase("x", "invalidCursor")]
    [TestCase("%00", "invalidCursor")]
    [TestCase("VZUTiyhEQJ94IR", "invalidCursor")]
    [TestCase("{cursor}x", "invalidCursor")]
    [TestCase("{cursor}&filter=active eq true", "invalidCursor")]
    [TestCase("{cursor}&sortBy=id", "invalidCursor")]
    [TestCase("{cursor}&count=6", "invalidCount")]
    [TestCase("{cursor}&count=0", "invalidCount")]
    [TestCase("{cursor}&count=x", "invalidCount")]
    [TestCase("{cursor}&startIndex=6&count=5", "invalidValue")]
    public async Task A_cursor_is_only_valid_for_its_own_list(string query, string scimType)
    {
        var next = query.Contains("count", StringComparison.Ordinal) ? query : query + "&count=5";
        var refused = await client.Get(
            "Users?cursor=" + next.Replace("{cursor}", await FirstCursor(), StringComparison.Ordinal));
        Assert.That(
            (refused.Status, refused.ScimType), Is.EqualTo((HttpStatusCode.BadRequest, scimType)), refused.ToString());
    }

    // The filters of a line mean the same, and find everybody.
    [TestCase("userName co \"E\"", "username co \"e\"", "USERNAME CO \"E\"", "  userName   co  \"e\" ", "(userName co \"E\")", "not (not (userName co \"e\"))", "urn:ietf:params:scim:schemas:core:2.0:User:userName co \"E\"", "URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER:username co \"\\u0045\"", "userName co \"e\" and userName co \"E\"", Description = "RFC 9865 §2: userName, then username")]
    [TestCase("active eq true", "active eq \"True\"", "ACTIVE EQ TRUE", "active eq \"true\" or active eq true")]
    [TestCase("active eq true and userName pr", "userName pr and active eq true", "(userName PR) AND (active eq \"TRUE\")", "userName pr and (active eq true and userName pr)")]
    [TestCase("userName pr or title pr or nickName pr", "nickName pr or (title pr or userName pr)")]
    [TestCase("emails.value pr or userName pr", "userName pr or emails.VALUE pr")]
    [TestCase("not (emails co \"@X\")", "not (emails.value co \"@x\")", "NOT (EMAILS.Value CO \"@x\")")]
    [TestCase("not (emails[type eq \"work\" and value co \"@\"])", "not (emails[value co \"@\" and TYPE eq \"WORK\"])", "not (emails[type eq \"work\"].value co \"@\")")]
    [TestCase("not (costCenter pr)", "costCenter eq null", "not (COSTCENTER ne null)", "NOT(costCenter PR)")]
    [TestCase("title ne \"x\" or userName pr", "userName pr or title ne \"X\"")]
    [TestCase("not (department eq \"IT\")", "not (DEPARTMENT eq \"it\")", "not (urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"It\")")]
    [TestCase("not (manager eq \"1\")", "not (manager.value eq \"1\")", "not (urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"1\")")]
    [TestCase("meta.created gt \"2001-01-01T00:00:00Z\"", "META.CREATED GT \"2000-12-31T24:00:00Z\"", "meta.created gt \"2001-01-01T01:00:00.000+01:00\"")]
    public async Task A_cursor_is_bound_to_the_meaning_of_the_filter(params string[] filters)
    {
        foreach (var first in filters)
        {
            var page = await client.Get($"Users?count=5&cursor&filter={Uri.EscapeDataString(first)}");
            Assert.That((string?)page["nextCursor"], Is.Not.Null, first);
            foreach (var next in filters.Append(first))
            {
                var answer = await client.Get(
                    $"Users?count=5&cursor={page["nextCursor"]}&filter={Uri.EscapeDataString(next)}");
                Assert.That(
                    answer["Resources"]?.AsArray().Select(user => (string)user!["id"]!), Is.EqualTo(ids[5..10]), next);
            }
        }
    }

    [TestCase("userName", "USERNAME", "urn:ietf:params:scim:schemas:core:2.0:User:username")]
    [TestCase("emails", "emails.value", "EMAILS.VALUE")]
    [TestCase("department", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:DEPARTMENT")]
    [TestCase("id&sortOrder=ascending", "ID", "id&sortOrder=Ascending")]
    public async Task A_cursor_is_bound_to_the_meaning_of_the_order(params string[] orders)
    {
        foreach (var first in orders)
        {
            var cursor = (string?)(await client.Get($"Users?count=5&cursor&sortBy={first}"))["nextCursor"];
            foreach (var next in orders)
                Assert.That(
                    (await client.Get($"Users?count=5&cursor={cursor}&sortBy={next}"))["Resources"]?.AsArray(),
                    Has.Count.EqualTo(5), next);
        }
    }

    [TestCase("userName sw \"p\"", "userName co \"p\"")]
    [TestCase("userName sw \"p\"", "userName sw \"pe\"")]
    [TestCase("userName pr", "emails pr")]
    [TestCase("emails pr", "emails.value pr", Description = "an address may have other parts")]
    [TestCase("externalId eq null or externalId ne \"a\"", "externalId eq null or externalId ne \"A\"", Description = "caseExact")]
    [TestCase("userName pr and (title pr or active pr)", "userName pr and title pr or active pr")]
    [TestCase("not (title pr)", "not (nickName pr)")]
    [TestCase("active eq true and userName pr", "active eq true or userName pr")]
    [TestCase("meta.created gt \"2001-01-01T00:00:00Z\"", "meta.created ge \"2001-01-01T00:00:00Z\"")]
    public async Task A_filter_with_another_meaning_has_other_cursors(string first, string next)
    {
        var cursor =
            (string?)(await client.Get($"Users?count=5&cursor&filter={Uri.EscapeDataString(first)}"))["nextCursor"]
            ?? await FirstCursor();
        var refused = await client.Get($"Users?count=5&cursor={cursor}&filter={Uri.EscapeDataString(next)}");
        Assert.That(refused.ScimType, Is.EqualTo("invalidCursor"));
    }

    [Test]
    public async Task A_tampered_cursor_is_refused()
    {
        var cursor = await FirstCursor();
        for (var i = 0; i < cursor.Length - 1; i += 7)
        {
            var forged = cursor[..i] + (cursor[i] == 'A' ? 'B' : 'A') + cursor[(i + 1)..];
            Assert.That(
                (await client.Get($"Users?count=5&cursor={forged}")).ScimType, Is.EqualTo("invalidCursor"), forged);
        }
    }

    [Test(Description = "RFC 9865 §5.2")]
    public async Task A_cursor_of_another_account_is_refused()
    {
        using var stranger = server.ClientOf(new TestAccount());
        var refused = await stranger.Get($"Users?count=5&cursor={await FirstCursor()}");
        var forged = await stranger.Get("Users?count=5&cursor=abc");
        Assert.That((refused.ScimType, refused.Detail), Is.EqualTo(("invalidCursor", forged.Detail)));
    }

    [Test]
    public async Task A_cursor_expires()
    {
        var cursor = await FirstCursor();
        time.Advance(TimeSpan.FromSeconds(1800));
        Assert.That((await client.Get($"Users?count=5&cursor={cursor}")).Status, Is.EqualTo(HttpStatusCode.OK));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.That((await client.Get($"Users?count=5&cursor={cursor}")).ScimType, Is.EqualTo("expiredCursor"));
    }

    [Test]
    public async Task Attributes_may_change_during_a_walk_and_a_page_may_be_requested_again()
    {
        var cursor = await FirstCursor();
        foreach (var more in (string[])["", "&attributes=userName", "&excludedAttributes=name"])
        {
            var page = await client.Get($"Users?count=5&cursor={cursor}{more}");
            Assert.That(page["Resources"]!.AsArray().Select(user => (string)user!["id"]!), Is.EqualTo(ids[5..10]));
        }
    }

    [Test]
    public async Task A_search_by_POST_accepts_cursors_too()
    {
        var first = await client.Post("Users/.search", """{"cursor":"","count":5}""");
        var next = await client.Post(".search", $$"""{"cursor":"{{first["nextCursor"]}}","count":5}""");
        Assert.That(next["Resources"]!.AsArray().Select(user => (string)user!["id"]!), Is.EqualTo(ids[5..10]));
    }

    [Test]
    public async Task A_cursor_survives_a_restart_and_is_valid_at_every_node()
    {
        var cursor = await FirstCursor();
        await using var other = await ScimServer.Start(
            authServer: server.AuthServer, folder: server.Folder, time: time);
        using var there = other.ClientOf(account);
        var page = await there.Get($"Users?count=5&cursor={cursor}");
        Assert.That(page["Resources"]!.AsArray().Select(user => (string)user!["id"]!), Is.EqualTo(ids[5..10]));
    }

    [Test]
    public async Task A_cursor_fits_in_a_URL_whatever_the_list_is_sorted_by()
    {
        var other = new TestAccount();
        using var their = server.ClientOf(other);
        var name = string.Concat(Enumerable.Repeat("\U0001F600", 5000));
        for (var i = 0; i < 3; i++)
            await their.CreateUser($"u{i}@example.com", $",\"displayName\":\"{name}{i}\"");
        var seen = new List<string>();
        for (var cursor = ""; cursor is not null;)
        {
            var page = await their.Get($"Users?sortBy=displayName&count=1&attributes=userName&cursor={cursor}");
            Assert.That(page.Status, Is.EqualTo(HttpStatusCode.OK), page.ToString());
            seen.Add((string)page["Resources"]![0]!["userName"]!);
            cursor = (string?)page["nextCursor"];
        }
        Assert.That(seen, Is.EqualTo(["u0@example.com", "u1@example.com", "u2@example.com"]));
    }

    private async Task<string> FirstCursor() => (string)(await client.Get("Users?count=5&cursor"))["nextCursor"]!;
}
