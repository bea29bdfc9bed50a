using System.Net;
using System.Text.Json.Nodes;

namespace Scim.Api.Tests.Discovery;

[Parallelizable]
internal sealed class DiscoveryTests
{
    private const string Base = "http://localhost:5002/scim/v2";

    private const string EmptyList =
        """
        {"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":0,"startIndex":1,"itemsPerPage":0,"Resources":[]}
        """;

    private ScimServer server = null!;
    private HttpClient client = null!;

    [OneTimeSetUp]
    public async Task Start()
    {
        server = await ScimServer.Start();
        client = server.ClientOf(new TestAccount());
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        client.Dispose();
        await server.DisposeAsync();
    }

    [Test(Description = "RFC 7643 §5")]
    public async Task The_configuration_is_what_the_server_does()
    {
        var config = await client.Get("ServiceProviderConfig");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((bool)config["patch"]!["supported"]!, Is.True);
            Assert.That((bool)config["bulk"]!["supported"]!, Is.True);
            Assert.That((bool)config["filter"]!["supported"]!, Is.True);
            Assert.That((int)config["filter"]!["maxResults"]!, Is.EqualTo(500));
            Assert.That((bool)config["changePassword"]!["supported"]!, Is.False);
            Assert.That((bool)config["sort"]!["supported"]!, Is.True);
            Assert.That(
                config["pagination"]!.ToJsonString(),
                Is.EqualTo("""{"cursor":true,"index":true,"defaultPaginationMethod":"index","defaultPageSize":100,"maxPageSize":500,"cursorTimeout":1800}"""));
            Assert.That((bool)config["etag"]!["supported"]!, Is.True);
            Assert.That((string)config["authenticationSchemes"]![0]!["type"]!, Is.EqualTo("oauthbearertoken"));
            Assert.That((string)config["meta"]!["location"]!, Is.EqualTo(Base + "/ServiceProviderConfig"));
        }
    }

    [TestCase("Schemas", 2)]
    [TestCase("ResourceTypes", 1)]
    public async Task What_is_listed_is_found_by_its_id(string path, int count)
    {
        var list = await client.Get(path);
        Assert.That((int)list["totalResults"]!, Is.EqualTo(count));
        foreach (var listed in list["Resources"]!.AsArray())
        {
            var id = (string)listed!["id"]!;
            var one = await client.Get($"{path}/{id}");
            using (Assert.EnterMultipleScope())
            {
                Assert.That(JsonNode.DeepEquals(one.Json, listed), Is.True, id);
                Assert.That((string)one["meta"]!["location"]!, Is.EqualTo($"{Base}/{path}/{id}"));
            }
        }
    }

    [TestCase("Schemas/urn:x")]
    [TestCase("Schemas/User")]
    [TestCase("ResourceTypes/Group")]
    [TestCase("Groups/1")]
    public async Task What_is_not_there_is_404(string path) =>
        Assert.That((await client.Get(path)).Status, Is.EqualTo(HttpStatusCode.NotFound));

    [TestCase("Schemas")]
    [TestCase("ResourceTypes")]
    public async Task A_filter_is_refused(string path) =>
        Assert.That((await client.Get(path + "?filter=id pr")).Status, Is.EqualTo(HttpStatusCode.Forbidden));

    [TestCase("Groups?startIndex=1&count=100")]
    [TestCase("Groups?filter=displayName eq \"X\"&excludedAttributes=members")]
    public async Task Groups_are_an_empty_list(string path) =>
        Assert.That((await client.Get(path)).Json!.ToJsonString(), Is.EqualTo(EmptyList));

    [Test]
    public async Task A_search_finds_no_group() => Assert.That(
        (await client.Post("Groups/.search", """{"filter":"displayName eq \"X\""}""")).Json!.ToJsonString(),
        Is.EqualTo(EmptyList));

    [TestCase("POST", "Groups")]
    [TestCase("PUT", "Groups/1")]
    [TestCase("PATCH", "Groups/1")]
    [TestCase("DELETE", "Groups/1")]
    [TestCase("GET", "Me")]
    [TestCase("PATCH", "Me")]
    public async Task What_is_not_built_says_so(string method, string path)
    {
        var answer = await client.Send(method, path, "{}");
        Assert.That(
            answer, Has.Property("Status").EqualTo(HttpStatusCode.NotImplemented).And.Property("Detail").Not.Empty);
    }
}
