using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Scim.Api.Tests.Users;

[Parallelizable]
internal sealed class UsersTests
{
    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start(logsEverything: true);

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test(Description = "RFC 7644 §3.3")]
    public async Task A_created_user_is_returned_completely_with_its_location()
    {
        using var client = server.ClientOf(new TestAccount());
        var created = await client.Post(
            "Users", Requests.NewUser("Ann@Example.com", ""","externalId":"00u1","title":"Dé" """));
        var id = created.Json!.Id();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(created.Status, Is.EqualTo(HttpStatusCode.Created));
            Assert.That(created.Message.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/scim+json"));
            Assert.That(
                created.Message.Headers.Location?.ToString(), Is.EqualTo($"http://localhost:5002/scim/v2/Users/{id}"));
            Assert.That(created.Message.Headers.ETag?.ToString(), Is.EqualTo("W/\"1\""));
            Assert.That((string)created["userName"]!, Is.EqualTo("Ann@Example.com"), "the letter case is kept");
            Assert.That((string)created["title"]!, Is.EqualTo("Dé"));
            Assert.That((bool)created["active"]!, Is.True);
            Assert.That((string)created["meta"]!["resourceType"]!, Is.EqualTo("User"));
            Assert.That(
                (string)created["meta"]!["location"]!, Is.EqualTo(created.Message.Headers.Location!.ToString()));
            Assert.That((string)created["meta"]!["version"]!, Is.EqualTo("W/\"1\""));
            Assert.That((string)created["meta"]!["created"]!, Is.EqualTo((string)created["meta"]!["lastModified"]!));
        }
        var read = await client.Get($"Users/{id}");
        Assert.That(JsonNode.DeepEquals(read.Json, created.Json), Is.True, $"{read} is not {created}");
    }

    [Test]
    public async Task The_connection_can_be_reused_after_a_body()
    {
        using var client = server.ClientWith("Bearer " + server.AuthServer.IssueToken(new TestAccount()));
        for (var i = 0; i < 3; i++)
        {
            var created = await client.Post("/scim/v2/Users", Requests.NewUser($"user{i}@example.com"));
            Assert.That(created.Message.Headers.ConnectionClose, Is.Not.True);
            Assert.That((await client.Get("/scim/v2/Users")).Status, Is.EqualTo(HttpStatusCode.OK));
        }
        Assert.That(server.Logs.Lines, Has.None.Contains("ConnectionReset"));
    }

    [TestCase("00919288221112222")]
    [TestCase("0193f3b0-0000-7000-8000-000000000000")]
    [TestCase("nonsense")]
    [TestCase("%27%20or%201%3D1")]
    public async Task An_unknown_id_is_404(string id)
    {
        using var client = server.ClientOf(new TestAccount());
        foreach (var answer in new[]
        {
            await client.Get($"Users/{id}"), await client.Put($"Users/{id}", Requests.NewUser("a@example.com")),
            await client.Patch($"Users/{id}", """{"op":"replace","value":{"active":false}}"""), await client.Delete($"Users/{id}"),
        })
            Assert.That(
                answer, Has.Property("Status").EqualTo(HttpStatusCode.NotFound).And.Property("Detail").Not.Empty);
    }

    [Test]
    [Category("Check 48")]
    public async Task Another_account_neither_sees_nor_changes_a_user()
    {
        using var mine = server.ClientOf(new TestAccount());
        using var theirs = server.ClientOf(new TestAccount());
        var id = (await mine.CreateUser("ann@example.com", ""","externalId":"x" """)).Id();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((await theirs.Get($"Users/{id}")).Status, Is.EqualTo(HttpStatusCode.NotFound));
            Assert.That(
                (await theirs.Put($"Users/{id}", Requests.NewUser("b@example.com"))).Status,
                Is.EqualTo(HttpStatusCode.NotFound));
            Assert.That(
                (await theirs.Patch($"Users/{id}", """{"op":"remove","path":"title"}""")).Status,
                Is.EqualTo(HttpStatusCode.NotFound));
            Assert.That((await theirs.Delete($"Users/{id}")).Status, Is.EqualTo(HttpStatusCode.NotFound));
            foreach (var filter in new[]
            {
                "userName eq \"ann@example.com\"", "externalId eq \"x\"", $"id eq \"{id}\"",
                "emails eq \"ann@example.com\"", "active eq true",
            })
                Assert.That(
                    (int)(await theirs.Get($"Users?filter={Uri.EscapeDataString(filter)}"))["totalResults"]!,
                    Is.Zero,
                    filter);
            Assert.That(
                (await theirs.Post("Users", Requests.NewUser("ann@example.com"))).Status,
                Is.EqualTo(HttpStatusCode.Created));
        }
    }

    [Test(Description = "RFC 7644 §3.5.1")]
    public async Task Put_replaces_writable_attributes()
    {
        using var client = server.ClientOf(new TestAccount());
        var user = await client.CreateUser("ann@example.com", ""","title":"Dr","nickName":"A","externalId":"00u1" """);
        user["title"] = "Prof";
        user.Remove("nickName");
        user["groups"] = new JsonArray(new JsonObject { ["value"] = "g" });
        user["meta"]!["created"] = "1999-01-01T00:00:00Z";
        user["unknown"] = 1;
        user.Remove("active");
        var put = await client.Put($"Users/{user.Id()}", user.ToJsonString());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(put.Status, Is.EqualTo(HttpStatusCode.OK), put.ToString());
            Assert.That((string)put["title"]!, Is.EqualTo("Prof"));
            Assert.That(put["nickName"], Is.Null);
            Assert.That((string)put["externalId"]!, Is.EqualTo("00u1"));
            Assert.That(put["groups"], Is.Null);
            Assert.That(put["unknown"], Is.Null);
            Assert.That((string)put["meta"]!["created"]!, Does.Not.StartWith("1999"));
            Assert.That((string)put["meta"]!["version"]!, Is.EqualTo("W/\"2\""));
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Put_without_active_keeps_it(bool active)
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com", $",\"active\":{(active ? "true" : "false")}")).Id();
        Assert.That(
            (bool)(await client.Put($"Users/{id}", Requests.NewUser("ann@example.com", ""","title":"Dr" """)))["active"]!,
            Is.EqualTo(active));
        Assert.That(
            (bool)(await client.Patch($"Users/{id}", """{"op":"remove","path":"active"}"""))["active"]!,
            Is.EqualTo(active));
    }

    [Test]
    public async Task A_write_that_changes_nothing_creates_no_version()
    {
        using var client = server.ClientOf(new TestAccount());
        var user = await client.CreateUser("ann@example.com");
        var put = await client.Put($"Users/{user.Id()}", user.ToJsonString());
        var patch = await client.Patch($"Users/{user.Id()}", """{"op":"replace","value":{"active":true}}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(JsonNode.DeepEquals(put.Json, user), Is.True, put.ToString());
            Assert.That(JsonNode.DeepEquals(patch.Json, user), Is.True, patch.ToString());
        }
    }

    [Test]
    public async Task A_patch_is_applied_completely_or_not_at_all()
    {
        using var client = server.ClientOf(new TestAccount());
        var user = await client.CreateUser("ann@example.com");
        var patch = await client.Patch(
            $"Users/{user.Id()}", """{"op":"replace","path":"title","value":"Dr"},{"op":"replace","path":"nonsense","value":"x"}""");
        Assert.That(patch.ScimType, Is.EqualTo("invalidPath"));
        Assert.That(JsonNode.DeepEquals((await client.Get($"Users/{user.Id()}")).Json, user), Is.True);
    }

    [Test(Description = "RFC 7644 §3.6")]
    public async Task A_deleted_user_is_gone_and_its_names_are_free()
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com", ""","externalId":"00u1" """)).Id();
        var deleted = await client.Delete($"Users/{id}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(deleted.Status, Is.EqualTo(HttpStatusCode.NoContent));
            Assert.That(deleted.Json, Is.Null);
            Assert.That((await client.Delete($"Users/{id}")).Status, Is.EqualTo(HttpStatusCode.NotFound));
            Assert.That((await client.Get($"Users/{id}")).Status, Is.EqualTo(HttpStatusCode.NotFound));
            Assert.That(
                (await client.Patch($"Users/{id}", """{"op":"replace","value":{"active":true}}""")).Status,
                Is.EqualTo(HttpStatusCode.NotFound));
            Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.Zero);
            Assert.That((int)(await client.Get("Users?filter=externalId eq \"00u1\""))["totalResults"]!, Is.Zero);
            Assert.That(
                (int)(await client.Get("Users?filter=emails eq \"ann@example.com\""))["totalResults"]!, Is.Zero);
            Assert.That(
                (await client.CreateUser("ann@example.com", ""","externalId":"00u1" """)).Id(), Is.Not.EqualTo(id));
        }
    }

    [Test]
    public async Task A_password_is_accepted_and_never_returned()
    {
        using var client = server.ClientOf(new TestAccount());
        var user = await client.CreateUser("ann@example.com", ""","password":"t0p-Secret" """);
        await client.Patch($"Users/{user.Id()}", """{"op":"replace","value":{"password":"t0p-Secret"}}""");
        var read = await client.Get($"Users/{user.Id()}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(user.ContainsKey("password"), Is.False);
            Assert.That(read.Json!.ContainsKey("password"), Is.False);
            Assert.That(server.Logs.Lines, Has.None.Contains("t0p-Secret"));
        }
    }

    [TestCase("application/json")]
    [TestCase("application/scim+json")]
    [TestCase("application/json; charset=utf-8")]
    [TestCase("APPLICATION/SCIM+JSON;charset=UTF-8;x=y")]
    public async Task Bodies_may_be_JSON_or_SCIM(string mediaType)
    {
        using var client = server.ClientOf(new TestAccount());
        var created = await client.Send("POST", "Users", Requests.NewUser("ann@example.com"), mediaType);
        Assert.That(created.Status, Is.EqualTo(HttpStatusCode.Created), created.ToString());
    }

    [TestCase("application/x-www-form-urlencoded", HttpStatusCode.UnsupportedMediaType)]
    [TestCase("text/plain", HttpStatusCode.UnsupportedMediaType)]
    public async Task Other_media_types_are_refused_by_name(string mediaType, HttpStatusCode status)
    {
        using var client = server.ClientOf(new TestAccount());
        var refused = await client.Send("POST", "Users", Requests.NewUser("ann@example.com"), mediaType);
        Assert.That(refused, Has.Property("Status").EqualTo(status).And.Property("Detail").Contains(mediaType));
    }

    [TestCase("application/scim+json", "application/scim+json")]
    [TestCase("application/json", "application/json")]
    [TestCase("application/json, application/scim+json;q=0.5", "application/scim+json")]
    [TestCase("*/*", "application/scim+json")]
    [TestCase("application/json, */*", "application/scim+json")]
    [TestCase("text/html", "application/scim+json")]
    [TestCase("nonsense", "application/scim+json")]
    public async Task Responses_are_SCIM_unless_only_JSON_is_accepted(string accept, string mediaType)
    {
        using var client = server.ClientWith("Bearer " + server.AuthServer.IssueToken(new TestAccount()));
        var list = await client.Get(
            "/scim/v2/Users",
            ("Accept", accept),
            ("Accept-Charset", "utf-8"),
            ("User-Agent", "Okta SCIM Client 1.0.0"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(list.Status, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(list.Message.Content.Headers.ContentType?.MediaType, Is.EqualTo(mediaType));
        }
    }

    [TestCase("{", 400, "invalidSyntax")]
    [TestCase("[]", 400, "invalidSyntax")]
    [TestCase("""{"userName":"a@example.com","USERNAME":"b@example.com"}""", 400, "invalidSyntax")]
    [TestCase("""{"userName":"a\u0000@example.com"}""", 400, "invalidSyntax")]
    [TestCase("""{"name":{"givenName":"A","familyName":"B"}}""", 400, "invalidValue")]
    public async Task A_bad_body_is_refused(string body, int status, string scimType)
    {
        using var client = server.ClientOf(new TestAccount());
        var refused = await client.Post("Users", body);
        Assert.That(
            refused, Has.Property("Status").EqualTo((HttpStatusCode)status).And.Property("ScimType").EqualTo(scimType));
    }

    [TestCase(false)]
    [TestCase(true, Description = "nobody says beforehand how large")]
    public async Task A_body_above_a_megabyte_is_413(bool chunked)
    {
        using var client = server.ClientOf(new TestAccount());
        client.DefaultRequestHeaders.TransferEncodingChunked = chunked;
        var refused = await client.Post(
            "Users", Requests.NewUser("a@example.com", $",\"title\":\"{new string('x', 1_100_000)}\""));
        Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
        await client.CreateUser("a@example.com");
        Assert.That(server.Logs.AtLeast(LogLevel.Error), Has.None.Contains("Kestrel"), "the client's fault, not ours");
    }

    [TestCase("GET", "Users?aadOptscim062020&startIndex=1&x=y", 200)]
    [TestCase("DELETE", "Users", 405)]
    [TestCase("POST", "Users/1", 405)]
    [TestCase("GET", "Nonsense", 404)]
    [TestCase("GET", "Users/1/2", 404)]
    public async Task Every_response_is_SCIM(string method, string path, int status)
    {
        using var client = server.ClientOf(new TestAccount());
        var answer = await client.Send(method, path);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)answer.Status, Is.EqualTo(status), answer.ToString());
            Assert.That(answer.Message.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/scim+json"));
            Assert.That(answer["schemas"]!.AsArray(), Has.Count.EqualTo(1));
        }
    }

    [TestCase("attributes=userName", "schemas,id,userName")]
    [TestCase("attributes=USERNAME,name.givenName", "schemas,id,userName,name")]
    [TestCase("attributes=nonsense", "schemas,id")]
    [TestCase("attributes=emails.value", "schemas,id,emails")]
    [TestCase("attributes=meta.location", "schemas,id,meta")]
    [TestCase("attributes=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "schemas,id,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")]
    [TestCase("excludedAttributes=emails,meta,name,displayName,active,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "schemas,id,userName")]
    [TestCase("excludedAttributes=id,schemas,emails,meta,name,displayName,active,userName,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "schemas,id")]
    [TestCase("attributes=", "schemas,id,userName,name,urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,active,displayName,emails,meta")]
    public async Task Attributes_can_be_selected(string query, string names)
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser(
            "ann@example.com", ""","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"IT"}""")).Id();
        var one = (await client.Get($"Users/{id}?{query}")).Json!;
        var listed = (await client.Get($"Users?{query}"))["Resources"]![0]!.AsObject();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(one.Select(member => member.Key), Is.EquivalentTo(names.Split(',')));
            Assert.That(JsonNode.DeepEquals(one, listed), Is.True, listed.ToJsonString());
        }
    }

    [Test]
    public async Task Sub_attributes_can_be_selected()
    {
        using var client = server.ClientOf(new TestAccount());
        var id = (await client.CreateUser("ann@example.com")).Id();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                (await client.Get($"Users/{id}?attributes=name.givenName,emails.value"))["emails"]!.ToJsonString(),
                Is.EqualTo("""[{"value":"ann@example.com"}]"""));
            Assert.That(
                (await client.Get($"Users/{id}?excludedAttributes=name.givenName"))["name"]!.ToJsonString(),
                Is.EqualTo("""{"familyName":"Lee"}"""));
            Assert.That(
                (await client.Get($"Users/{id}?attributes=id&excludedAttributes=id")).ScimType,
                Is.EqualTo("invalidValue"));
            Assert.That(
                (await client.Post("Users?attributes=userName", Requests.NewUser("bob@example.com"))).Json!.Select(
                    m => m.Key),
                Is.EquivalentTo(["schemas", "id", "userName"]));
        }
    }
}
