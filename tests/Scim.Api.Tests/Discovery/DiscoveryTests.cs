using System.Net;
using System.Text.Json.Nodes;
using Shared.Contracts;
using WireMock.ResponseBuilders;

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
    public async Task The_configuration_describes_what_the_server_does()
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
    public async Task Every_listed_resource_is_found_by_its_id(string path, int count)
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

    private static readonly string[] all =
    [
        "ServiceProviderConfig", "Schemas", "Schemas/urn:ietf:params:scim:schemas:core:2.0:User", "ResourceTypes",
        "ResourceTypes/User", "Schemas/nothing", "Schemas?filter=id pr",
    ];

    [Test(Description = "RFC 7643 §5")]
    public async Task Discovery_needs_no_token(
        [ValueSource(nameof(all))] string path, [Values(null, "", "  ")] string? authorization)
    {
        using var nobody = server.ClientWith(authorization);
        var anonymous = await nobody.Get("/scim/v2/" + path);
        var known = await client.Get(path);
        Assert.That((anonymous.Status, anonymous.ToString()), Is.EqualTo((known.Status, known.ToString())));
    }

    [Test]
    public async Task A_token_that_is_sent_is_checked([ValueSource(nameof(all))] string path)
    {
        var (account, suspended, disabled) = (new TestAccount(), new TestAccount(), new TestAccount());
        suspended.Policy = suspended.Policy with { Suspended = true };
        disabled.Policy = disabled.Policy with { ScimEnabled = false };
        (string? Authorization, HttpStatusCode Status)[] cases =
        [
            ("Bearer nonsense", HttpStatusCode.Unauthorized),
            ("Bearer", HttpStatusCode.Unauthorized),
            ("Basic dXNlcjpwYXNz", HttpStatusCode.Unauthorized),
            ("Bearer " + server.AuthServer.IssueToken(() => new() { Active = false }), HttpStatusCode.Unauthorized),
            ("Bearer " + server.AuthServer.IssueToken(account, "other"), HttpStatusCode.Forbidden),
            ("Bearer " + server.AuthServer.IssueToken(suspended), HttpStatusCode.Forbidden),
            ("Bearer " + server.AuthServer.IssueToken(disabled), HttpStatusCode.Forbidden),
        ];
        foreach (var (authorization, status) in cases)
        {
            using var other = server.ClientWith(authorization);
            Assert.That((await other.Get("/scim/v2/" + path)).Status, Is.EqualTo(status), authorization);
        }
    }

    [Test]
    public async Task A_token_whose_state_is_unknown_is_503_and_never_the_anonymous_response()
    {
        await using var own = await ScimServer.Start(["Introspection:Retries=0"]);
        using var other = own.ClientOf(new TestAccount());
        own.AuthServer.Fail(AuthServerPaths.Introspection, Response.Create().WithStatusCode(500));
        foreach (var path in all)
        {
            var answer = await other.Get(path);
            Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.ServiceUnavailable), path);
            Assert.That(answer.Message.Headers.RetryAfter, Is.Not.Null, path);
        }
    }

    [TestCase(null, true)]
    [TestCase(AttributeRuleSets.Guide, true)]
    [TestCase(AttributeRuleSets.Rfc, false)]
    public async Task The_accounts_rules_decide_whether_names_are_required(string? rules, bool required)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { AttributeRules = rules ?? "" };
        using var caller = server.ClientWith(rules is null ? null : "Bearer " + server.AuthServer.IssueToken(account));
        var listed = (await caller.Get("/scim/v2/Schemas"))["Resources"]!.AsArray()
            .Single(schema => (string)schema!["name"]! == "User")!;
        var one = await caller.Get("/scim/v2/Schemas/urn:ietf:params:scim:schemas:core:2.0:User");
        Assert.That(JsonNode.DeepEquals(one.Json, listed));
        var name = listed["attributes"]!.AsArray().Single(attribute => (string)attribute!["name"]! == "name")!;
        var parts = name["subAttributes"]!.AsArray().Where(part => (bool)part!["required"]!)
            .Select(part => (string)part!["name"]!);
        Assert.That((bool)name["required"]!, Is.EqualTo(required));
        Assert.That(parts, Is.EquivalentTo(required ? ["familyName", "givenName"] : Array.Empty<string>()));
    }

    [TestCase(false)]
    [TestCase(true)]
    public async Task Pagination_is_omitted_for_accounts_whose_clients_do_not_know_it(bool omit)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { OmitPagination = omit };
        using var caller = server.ClientOf(account);
        var config = (await caller.Get("ServiceProviderConfig")).Json!;
        var whole = (await client.Get("ServiceProviderConfig")).Json!;
        Assert.That(config.ContainsKey("pagination"), Is.EqualTo(!omit));
        whole.Remove("pagination");
        config.Remove("pagination");
        Assert.That(JsonNode.DeepEquals(config, whole));
        Assert.That((await caller.Get("Users?cursor=")).Status, Is.EqualTo(HttpStatusCode.OK), "cursors still work");
    }

    [TestCase("Schemas/urn:x")]
    [TestCase("Schemas/User")]
    [TestCase("ResourceTypes/Group")]
    [TestCase("Groups/1")]
    public async Task An_unknown_resource_is_404(string path) =>
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
    public async Task Unsupported_endpoints_are_501(string method, string path)
    {
        var answer = await client.Send(method, path, "{}");
        Assert.That(
            answer, Has.Property("Status").EqualTo(HttpStatusCode.NotImplemented).And.Property("Detail").Not.Empty);
    }
}
