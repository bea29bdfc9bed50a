using System.Net;
using Scim.Api.Tests.Users.Walks;

namespace Scim.Api.Tests.Users;

[Parallelizable]
internal sealed class ListTests
{
    private readonly TestAccount account = new();
    private ScimServer server = null!;
    private HttpClient client = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start();
        client = server.ClientOf(account);
        for (var i = 1; i <= 12; i++)
        {
            var active = i % 2 == 0 ? "true" : "false";
            await client.CreateUser(
                $"User{i}@Example.com",
                $$"""
                ,"externalId":"Ext{{i}}","active":{{active}},
                "emails":[
                  {"value":"User{{i}}@Example.com","type":"work"},
                  {"value":"home{{i % 3}}@example.org","type":"home"}
                ]
                """);
        }
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [TestCase("", 1, 12)]
    [TestCase("startIndex=1&count=5", 1, 5)]
    [TestCase("startIndex=6&count=5", 6, 5)]
    [TestCase("startIndex=11&count=5", 11, 2)]
    [TestCase("startIndex=13", 13, 0)]
    [TestCase("startIndex=2147483647&count=500", 2147483647, 0)]
    [TestCase("startIndex=99999999999", 2147483647, 0)]
    [TestCase("startIndex=0&count=3", 1, 3)]
    [TestCase("startIndex=-5&count=3", 1, 3)]
    [TestCase("count=0", 1, 0)]
    [TestCase("count=-1", 1, 0)]
    [TestCase("count=100000", 1, 12)]
    [TestCase("COUNT=2&STARTINDEX=3", 3, 2)]
    [TestCase("startIndex=&count=", 1, 12)]
    [TestCase("sortBy=&sortOrder=", 1, 12)]
    [TestCase("sortOrder=Descending", 1, 12, Description = "of nothing")]
    [TestCase("aadOptscim062020&nonsense=1&nonsense=2", 1, 12, Description = "RFC 7644 §3.4.2: unknown, so ignored")]
    public async Task Pages_are_counted_from_one(string query, int startIndex, int items)
    {
        var list = await client.Get("Users?" + query);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(list.Status, Is.EqualTo(HttpStatusCode.OK), list.ToString());
            Assert.That(
                list["schemas"]!.ToJsonString(),
                Is.EqualTo("""["urn:ietf:params:scim:api:messages:2.0:ListResponse"]"""));
            Assert.That(list["totalResults"]!.GetValue<int>(), Is.EqualTo(12));
            Assert.That(list["startIndex"]!.GetValue<int>(), Is.EqualTo(startIndex));
            Assert.That(list["itemsPerPage"]!.GetValue<int>(), Is.EqualTo(items));
            Assert.That(list["Resources"]!.AsArray(), Has.Count.EqualTo(items));
        }
    }

    [TestCase("")]
    [TestCase("cursor=&")]
    public async Task A_page_has_at_most_five_hundred_users(string query)
    {
        var account = new TestAccount();
        await server.Gather(account, 501);
        using var theirs = server.ClientOf(account);
        var advertised = (await theirs.Get("ServiceProviderConfig"))["filter"]!["maxResults"]!.GetValue<int>();
        foreach (var (count, items) in new[] { ("501", 500), ("500", 500), ("", 100) })
        {
            var list = await theirs.Get($"Users?{query}count={count}");
            Assert.That((int)list["itemsPerPage"]!, Is.EqualTo(items).And.AtMost(advertised), list.ToString());
            Assert.That((int)list["totalResults"]!, Is.EqualTo(501));
        }
    }

    [TestCase("count=x", "count")]
    [TestCase("count=1.5", "count")]
    [TestCase("count=1&count=1", "count")]
    [TestCase("startIndex=1e3", "startIndex")]
    [TestCase("startIndex=1&STARTINDEX=2", "startIndex")]
    [TestCase("startIndex=1&cursor=", "startIndex")]
    [TestCase("filter=active eq true&filter=active eq false", "filter")]
    [TestCase("sortBy=userName&sortBy=title", "sortBy")]
    [TestCase("sortBy=user name", "sortBy")]
    [TestCase("sortBy=emails[type eq \"work\"].value", "sortBy")]
    [TestCase("sortBy=userName&sortOrder=up", "sortOrder")]
    [TestCase("sortOrder=up", "sortOrder")]
    [TestCase("cursor=a&cursor=b", "cursor")]
    [TestCase("attributes=userName&excludedAttributes=title", "attributes")]
    public async Task An_invalid_parameter_is_refused_by_name(string query, string name)
    {
        var refused = await client.Get("Users?" + query);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.BadRequest), refused.ToString());
            Assert.That(refused.ScimType, Is.EqualTo("invalidValue"));
            Assert.That(refused.Detail, Does.StartWith(name));
        }
    }

    [TestCase("sortBy=externalId", "1,10,11,12,2,3,4,5,6,7,8,9")]
    [TestCase("sortBy=externalId&sortOrder=descending", "9,8,7,6,5,4,3,2,12,11,10,1")]
    [TestCase("SORTBY=EXTERNALID&SORTORDER=DESCENDING&count=3", "9,8,7")]
    [TestCase("sortBy=externalId&startIndex=4&count=3", "12,2,3")]
    [TestCase("sortBy=active&sortOrder=ascending", "1,3,5,7,9,11,2,4,6,8,10,12")]
    [TestCase("sortBy=active&sortOrder=descending", "2,4,6,8,10,12,1,3,5,7,9,11")]
    [TestCase("sortBy=nickName", "1,2,3,4,5,6,7,8,9,10,11,12", Description = "of nobody")]
    [TestCase("sortBy=userName&filter=active eq false", "11,1,3,5,7,9")]
    [TestCase("sortBy=urn:ietf:params:scim:schemas:core:2.0:User:userName&count=2", "10,11")]
    [TestCase("sortOrder=descending", "1,2,3,4,5,6,7,8,9,10,11,12", Description = "of nothing")]
    public async Task Lists_are_sorted(string query, string expected)
    {
        var list = await client.Get("Users?" + query);
        Assert.That(list.Status, Is.EqualTo(HttpStatusCode.OK), list.ToString());
        Assert.That(
            string.Join(',', list["Resources"]!.AsArray().Select(user => ((string)user!["externalId"]!)[3..])),
            Is.EqualTo(expected));
    }

    [TestCase("sortBy=nonsense", "nonsense")]
    [TestCase("sortBy=name", "name.")]
    [TestCase("sortBy=password", "password")]
    [TestCase("sortBy=urn:example:User:userName", "this name")]
    public async Task An_attribute_without_an_order_is_refused(string query, string detail)
    {
        var refused = await client.Get("Users?" + query);
        Assert.That(refused, Has.Property("ScimType").EqualTo("invalidValue").And.Property("Detail").Contains(detail));
    }

    [Test]
    public async Task A_walk_sees_everyone_once_in_order_of_creation()
    {
        var seen = new List<string>();
        for (var start = 1; start <= 12; start += 5)
        {
            var page = (await client.Get($"Users?startIndex={start}&count=5"))["Resources"]!.AsArray();
            seen.AddRange(page.Select(user => (string)user!["externalId"]!));
        }
        Assert.That(seen, Is.EqualTo(Enumerable.Range(1, 12).Select(i => $"Ext{i}")));
    }

    [TestCase("userName eq \"user3@example.com\"", "3")]
    [TestCase("USERNAME Eq \"USER3@EXAMPLE.COM\"", "3")]
    [TestCase("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"user3@example.com\"", "3")]
    [TestCase("userName eq \"nobody@example.com\"", "")]
    [TestCase("userName eq \"7e7a2f0e-3f7e-4f6e-8b5e-000000000000\"", "", Description = "Entra ID's connection test")]
    [TestCase("externalId eq \"Ext4\"", "4")]
    [TestCase("externalId eq \"ext4\"", "", Description = "exact")]
    [TestCase("id eq \"nonsense\"", "")]
    [TestCase("emails eq \"USER5@example.com\"", "5")]
    [TestCase("emails.value eq \"home0@example.org\"", "3,6,9,12")]
    [TestCase("emails[value eq \"home0@example.org\"]", "3,6,9,12")]
    [TestCase("emails[type eq \"work\" and value eq \"user7@example.com\"]", "7")]
    [TestCase("emails[value eq \"user7@example.com\" and type eq \"WORK\"]", "7")]
    [TestCase("emails[type eq \"home\" and value eq \"user7@example.com\"]", "")]
    [TestCase("emails[type eq \"work\"].value eq \"user7@example.com\"", "7")]
    [TestCase("active eq false", "1,3,5,7,9,11")]
    [TestCase("active eq \"True\"", "2,4,6,8,10,12")]
    [TestCase("active eq true and emails.value eq \"home0@example.org\"", "6,12")]
    [TestCase("userName eq \"user3@example.com\" and active eq false", "3")]
    [TestCase("userName eq \"user3@example.com\" and active eq true", "")]
    [TestCase("userName co \"ER1\"", "1,10,11,12")]
    [TestCase("userName sw \"user1\" and not (active eq true)", "1,11")]
    [TestCase("userName ew \"2@EXAMPLE.com\"", "2,12")]
    [TestCase("externalId gt \"Ext5\"", "6,7,8,9")]
    [TestCase("externalId eq null", "")]
    [TestCase("externalId ne null and active eq false", "1,3,5,7,9,11")]
    [TestCase("title pr", "")]
    [TestCase("not (title pr) and externalId le \"Ext1\"", "1")]
    [TestCase("not (title eq \"x\") and externalId sw \"Ext12\"", "12", Description = "absent is not equal")]
    [TestCase("title ne \"x\"", "", Description = "nothing that differs")]
    [TestCase("name.familyName eq \"LEE\" and externalId eq \"Ext2\"", "2")]
    [TestCase("userName eq \"user3@example.com\" or userName eq \"user5@example.com\"", "3,5")]
    [TestCase("emails[type eq \"home\" and value sw \"home1\"]", "1,4,7,10")]
    [TestCase("emails[type eq \"work\"] and externalId eq \"Ext6\"", "6")]
    [TestCase("emails[not (type eq \"work\") and value co \"2\"]", "2,5,8,11")]
    [TestCase("emails.type eq \"other\"", "")]
    [TestCase("emails.display pr", "")]
    [TestCase("meta.resourceType eq \"User\" and externalId eq \"Ext7\"", "7")]
    [TestCase("meta.version eq \"W/\\\"1\\\"\" and externalId eq \"Ext8\"", "8")]
    [TestCase("meta.lastModified lt \"2011-05-13T04:42:34Z\"", "")]
    [TestCase("meta.created gt \"2011-05-13T04:42:34+14:00\" and externalId eq \"Ext9\"", "9")]
    [TestCase("schemas eq \"urn:ietf:params:scim:schemas:core:2.0:User\" and externalId eq \"Ext9\"", "9")]
    [TestCase("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"x\"", "")]
    [TestCase("(externalId eq \"Ext3\") and (userName eq \"user3@example.com\" and active eq false)", "3")]
    public async Task The_database_evaluates_filters(string filter, string found)
    {
        var list = await client.Get("Users?filter=" + Uri.EscapeDataString(filter));
        var expected = found.Split(',', StringSplitOptions.RemoveEmptyEntries);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(list.Status, Is.EqualTo(HttpStatusCode.OK), list.ToString());
            Assert.That((int)list["totalResults"]!, Is.EqualTo(expected.Length));
            Assert.That(
                list["Resources"]!.AsArray().Select(user => ((string)user!["externalId"]!)[3..]), Is.EqualTo(expected));
        }
    }

    [Test]
    public async Task A_filtered_list_has_pages_too()
    {
        var list = await client.Get("Users?filter=active eq true&startIndex=3&count=2");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)list["totalResults"]!, Is.EqualTo(6));
            Assert.That(
                list["Resources"]!.AsArray().Select(user => (string)user!["externalId"]!),
                Is.EqualTo(["Ext6", "Ext8"]));
        }
    }

    [TestCase(200, HttpStatusCode.OK)]
    [TestCase(201, HttpStatusCode.BadRequest)]
    public async Task The_number_of_conditions_is_limited(int conditions, HttpStatusCode status)
    {
        var filter = string.Join(" and ", Enumerable.Repeat("active eq true", conditions));
        var list = await client.Get("Users?count=0&filter=" + Uri.EscapeDataString(filter));
        Assert.That(list.Status, Is.EqualTo(status));
    }

    [Test]
    public async Task The_id_finds_its_user()
    {
        var id = (string)(await client.Get("Users?count=1"))["Resources"]![0]!["id"]!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)(await client.Get($"Users?filter=id eq \"{id}\""))["totalResults"]!, Is.EqualTo(1));
            Assert.That(
                (int)(await client.Get($"Users?filter=id eq \"{id.ToUpperInvariant()}\""))["totalResults"]!,
                Is.Zero,
                "ids are exact");
            Assert.That(
                (await client.Get($"Users/{id.ToUpperInvariant()}")).Status, Is.EqualTo(HttpStatusCode.NotFound));
        }
    }

    [TestCase("")]
    [TestCase("nonsense eq \"x\"")]
    [TestCase("userName")]
    [TestCase("userName eq")]
    [TestCase("userName eq bjensen")]
    [TestCase("userName eq 'x'")]
    [TestCase("userName regex \"x\"")]
    [TestCase("userName eq 5")]
    [TestCase("active eq \"maybe\"")]
    [TestCase("active gt true")]
    [TestCase("password eq \"x\"")]
    [TestCase("groups.nonsense eq \"x\"")]
    [TestCase("emails[nonsense eq \"x\"]")]
    [TestCase("emails[emails pr]")]
    [TestCase("meta.lastModified gt \"yesterday\"")]
    [TestCase("meta eq \"x\"")]
    [TestCase("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr")]
    [TestCase("userName eq \"x\" or 1 eq 1")]
    [TestCase("userName eq \"\\u0000\"")]
    [TestCase("userName eq \"\\ud800\"")]
    public async Task An_invalid_filter_never_means_everybody(string filter)
    {
        var refused = await client.Get("Users?filter=" + Uri.EscapeDataString(filter));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.BadRequest), refused.ToString());
            Assert.That(refused.ScimType, Is.EqualTo("invalidFilter"));
            Assert.That(refused.Detail, Is.Not.Empty);
        }
    }
}
