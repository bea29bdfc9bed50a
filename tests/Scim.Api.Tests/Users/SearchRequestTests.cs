using System.Net;
using System.Text.Json.Nodes;

namespace Scim.Api.Tests.Users;

/// <summary>Queries by POST (RFC 7644 §3.4.3).</summary>
[Parallelizable]
internal sealed class SearchRequestTests
{
    private const string Schema = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

    private readonly TestAccount account = new();
    private ScimServer server = null!;
    private HttpClient client = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start();
        client = server.ClientOf(account);
        for (var i = 1; i <= 6; i++)
            await client.CreateUser($"u{i}@example.com", $$""","title":"T{{i}}","active":{{(i % 2 == 0 ? "true" : "false")}}""");
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [TestCase("""{}""", "1,2,3,4,5,6", 6)]
    [TestCase("""{"filter":null,"count":null,"sortBy":null,"cursor":null,"attributes":null}""", "1,2,3,4,5,6", 6)]
    [TestCase("""{"filter":"active eq true"}""", "2,4,6", 3)]
    [TestCase("""{"FILTER":"active eq true","Count":2}""", "2,4", 3)]
    [TestCase("""{"startIndex":3,"count":2}""", "3,4", 6)]
    [TestCase("""{"startIndex":"3","count":"2"}""", "3,4", 6)]
    [TestCase("""{"startIndex":-3,"count":0}""", "", 6)]
    [TestCase("""{"startIndex":99999999999}""", "", 6)]
    [TestCase("""{"count":1,"nonsense":{"a":[]}}""", "1", 6)]
    public async Task A_search_by_body_equals_one_by_query(string body, string found, int total)
    {
        foreach (var endpoint in (string[])["Users/.search?count=1&filter=nonsense", ".search?startIndex=5"])
        {
            var list = await client.Post(endpoint, body);
            using (Assert.EnterMultipleScope())
            {
                Assert.That(list.Status, Is.EqualTo(HttpStatusCode.OK), list.ToString());
                Assert.That(
                    string.Join(',', list["Resources"]!.AsArray().Select(user => ((string)user!["userName"]!)[1..2])),
                    Is.EqualTo(found));
                Assert.That((int)list["totalResults"]!, Is.EqualTo(total));
                Assert.That(
                    (string)list["schemas"]![0]!, Is.EqualTo("urn:ietf:params:scim:api:messages:2.0:ListResponse"));
            }
        }
    }

    [TestCase("""{"filter":"members pr"}""", "")]
    [TestCase("""{"filter":"not (members pr)"}""", "1,2,3,4,5,6")]
    [TestCase("""{"filter":"members eq null"}""", "1,2,3,4,5,6")]
    [TestCase("""{"filter":"members ne \"x\""}""", "")]
    [TestCase("""{"filter":"members[value eq \"x\"] or title eq \"T2\""}""", "2")]
    [TestCase("""{"filter":"urn:example:Group:members pr or title eq \"t3\""}""", "3")]
    [TestCase("""{"filter":"meta.resourceType eq \"User\" and active eq true"}""", "2,4,6")]
    [TestCase("""{"filter":"meta.resourceType eq \"Group\""}""", "")]
    [TestCase("""{"sortBy":"title","sortOrder":"descending"}""", "6,5,4,3,2,1")]
    [TestCase("""{"sortBy":"members","sortOrder":"descending"}""", "1,2,3,4,5,6")]
    public async Task At_the_root_an_attribute_of_another_type_is_absent(string body, string found)
    {
        var list = await client.Post(".search", body);
        Assert.That(list.Status, Is.EqualTo(HttpStatusCode.OK), list.ToString());
        Assert.That(
            string.Join(',', list["Resources"]!.AsArray().Select(user => ((string)user!["userName"]!)[1..2])),
            Is.EqualTo(found));
    }

    [TestCase("""{"filter":"members pr"}""", "invalidFilter")]
    [TestCase("""{"sortBy":"members"}""", "invalidValue")]
    public async Task At_Users_an_attribute_of_another_type_is_unknown(string body, string scimType)
    {
        var refused = await client.Post("Users/.search", body);
        Assert.That(refused, Has.Property("ScimType").EqualTo(scimType).And.Property("Detail").Contains("members"));
    }

    [TestCase("""{"attributes":["userName"]}""", "schemas,id,userName")]
    [TestCase("""{"attributes":"userName, title"}""", "schemas,id,userName,title")]
    [TestCase("""{"excludedAttributes":["name","emails","active","displayName"]}""", "schemas,id,userName,title,meta")]
    [TestCase("""{"attributes":[]}""", "schemas,id,userName,name,title,active,displayName,emails,meta")]
    public async Task Attributes_can_be_selected(string body, string names)
    {
        var user = (await client.Post("Users/.search", body))["Resources"]![0]!.AsObject();
        Assert.That(user.Select(member => member.Key), Is.EquivalentTo(names.Split(',')));
    }

    [TestCase("""{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}""", "invalidSyntax", "SearchRequest")]
    [TestCase("""{"schemas":"x"}""", "invalidValue", "schemas")]
    [TestCase("""{"count":1.5}""", "invalidValue", "count")]
    [TestCase("""{"count":true}""", "invalidValue", "count")]
    [TestCase("""{"count":[1]}""", "invalidValue", "count")]
    [TestCase("""{"startIndex":{}}""", "invalidValue", "startIndex")]
    [TestCase("""{"startIndex":"x"}""", "invalidValue", "startIndex")]
    [TestCase("""{"filter":["active eq true"]}""", "invalidValue", "filter")]
    [TestCase("""{"filter":""}""", "invalidFilter", "")]
    [TestCase("""{"filter":5}""", "invalidFilter", "")]
    [TestCase("""{"filter":"active is true"}""", "invalidFilter", "operator")]
    [TestCase("""{"sortBy":["userName"]}""", "invalidValue", "sortBy")]
    [TestCase("""{"sortBy":"userName","sortOrder":"up"}""", "invalidValue", "sortOrder")]
    [TestCase("""{"attributes":[1,{}]}""", "invalidValue", "attributes")]
    [TestCase("""{"attributes":["userName"],"excludedAttributes":["name"]}""", "invalidValue", "excludedAttributes")]
    [TestCase("""{"startIndex":1,"cursor":""}""", "invalidValue", "cursor")]
    [TestCase("""[]""", "invalidSyntax", "")]
    [TestCase("", "invalidSyntax", "")]
    public async Task An_invalid_parameter_is_refused_by_name(string body, string scimType, string detail)
    {
        foreach (var endpoint in (string[])["Users/.search", ".search"])
        {
            var refused = await client.Post(endpoint, body);
            using (Assert.EnterMultipleScope())
            {
                Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.BadRequest), refused.ToString());
                Assert.That(refused.ScimType, Is.EqualTo(scimType), refused.ToString());
                Assert.That(refused.Detail, Does.Contain(detail));
            }
        }
    }

    [Test]
    public async Task A_search_needs_POST() =>
        Assert.That((await client.Get(".search")).Status, Is.EqualTo(HttpStatusCode.MethodNotAllowed));

    [Test]
    public async Task A_search_needs_its_schema()
    {
        var list = await client.Post(
            "Users/.search", new JsonObject { ["schemas"] = new JsonArray(Schema), ["count"] = 1 }.ToJsonString());
        Assert.That((int)list["itemsPerPage"]!, Is.EqualTo(1));
    }
}
