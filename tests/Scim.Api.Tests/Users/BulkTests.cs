using System.Net;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Admission;
using Scim.Api.Data;
using Scim.Api.Protocol.Bulk;
using Scim.Api.Protocol.Messages;
using Scim.Api.Provisioning;
using Scim.Api.Users;
using Shared.Contracts;

namespace Scim.Api.Tests.Users;

/// <summary>Many operations in one request (RFC 7644 §3.7).</summary>
[Parallelizable]
[Category("Slow")]
internal sealed class BulkTests
{
    private const string Enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    private const string Users = "http://localhost:5002/scim/v2/Users/";

    private ScimServer server = null!;

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    [Test(Description = "RFC 7644 §3.7.3")]
    public async Task The_response_has_the_format_of_the_RFC()
    {
        using var client = server.ClientOf(new TestAccount());
        var bob = (await client.CreateUser("bob@example.com")).Id();
        var dave = (await client.CreateUser("dave@example.com")).Id();
        var eve = (await client.CreateUser("eve@example.com")).Id();
        var answer = await Bulk(
            client,
            Post("alice"),
            $$"""{"method":"PUT","path":"/Users/{{bob}}","version":"W/\"1\"","data":{{Requests.NewUser("bobby@example.com")}}}""",
            $$"""{"method":"patch","path":"users/{{dave}}","version":"W/\"1\"","data":{"Operations":[{"op":"add","path":"title","value":"Dr"}] } }""",
            $$"""{"method":"DELETE","path":"/Users/{{eve}}","version":"W/\"1\"","bulkId":"mine"}""");
        var alice =
            (string)(await client.Get("Users?filter=userName eq \"alice@example.com\""))["Resources"]![0]!["id"]!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Message.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/scim+json"));
            Assert.That(
                answer["schemas"]!.ToJsonString(), Is.EqualTo("""["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]"""));
            Assert.That(Json(answer["Operations"]), Is.EqualTo(
                $$"""
                [{"method":"POST","bulkId":"alice","location":"{{Users}}{{alice}}","version":"W/\"1\"","status":"201"},
                {"method":"PUT","location":"{{Users}}{{bob}}","version":"W/\"2\"","status":"200"},
                {"method":"PATCH","location":"{{Users}}{{dave}}","version":"W/\"2\"","status":"200"},
                {"method":"DELETE","bulkId":"mine","location":"{{Users}}{{eve}}","status":"204"}]
                """.Replace("\n", "", StringComparison.Ordinal)));
            Assert.That((string)(await client.Get($"Users/{bob}"))["userName"]!, Is.EqualTo("bobby@example.com"));
            Assert.That((string)(await client.Get($"Users/{dave}"))["title"]!, Is.EqualTo("Dr"));
            Assert.That((await client.Get($"Users/{eve}")).Status, Is.EqualTo(HttpStatusCode.NotFound));
        }
    }

    [Test]
    public async Task An_operation_is_refused_like_a_single_request_and_the_others_continue()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            Domains = ["example.com"],
            Licences = [new() { Product = "portal", Seats = 2, GivenToNewUsers = true }],
        };
        using var client = server.ClientOf(account);
        var ann = (await client.CreateUser("ann@example.com")).Id();
        var elsewhere = Post("x", userName: "x@other.org");
        var answer = await Bulk(
            client,
            Post("twin", userName: "ANN@example.com"),
            elsewhere,
            $$"""{"method":"PUT","path":"/Users/{{ann}}","version":"W/\"7\"","data":{{Requests.NewUser("a@example.com")}}}""",
            $$"""{"method":"PATCH","path":"/Users/{{ann}}","data":{"Operations":[{"op":"replace","path":"id","value":"1"}] } }""",
            """{"method":"DELETE","path":"/Users/nobody"}""",
            Post("last"),
            Post("tooMany"));
        var alone = await client.Post("Users", Requests.NewUser("x@other.org"));
        var results = answer["Operations"]!.AsArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(Statuses(answer), Is.EqualTo("409 400 412 400 404 201 403"));
            Assert.That(
                results.Select(result => (string?)result!["response"]?["scimType"]),
                Is.EqualTo(new[] { "uniqueness", "invalidValue", null, "mutability", null, null, null }));
            Assert.That(results[1]!["response"]!.ToJsonString(), Is.EqualTo(alone.Json!.ToJsonString()));
            Assert.That(results[0]!["location"], Is.Null, "a POST that failed has none");
            Assert.That((string)results[2]!["location"]!, Is.EqualTo(Users + ann));
            Assert.That((string)results[4]!["location"]!, Is.EqualTo(Users + "nobody"));
            Assert.That((string)(await client.Get($"Users/{ann}"))["meta"]!["version"]!, Is.EqualTo("W/\"1\""));
        }
    }

    [TestCase("5", 400, "invalidSyntax")]
    [TestCase("null", 400, "invalidSyntax")]
    [TestCase("{}", 400, "invalidSyntax")]
    [TestCase("""{"method":"GET","path":"/Users/1"}""", 400, "invalidSyntax")]
    [TestCase("""{"method":5,"path":"/Users"}""", 400, "invalidSyntax")]
    [TestCase("""{"method":"POST","bulkId":"a","data":{}}""", 400, "invalidSyntax")]
    [TestCase("""{"method":"POST","path":"/Users","data":{}}""", 400, "invalidSyntax", Description = "no bulkId")]
    [TestCase("""{"method":"POST","path":"/Users","bulkId":5,"data":{}}""", 400, "invalidSyntax")]
    [TestCase("""{"method":"POST","path":"/Users","bulkId":"","data":{}}""", 400, "invalidSyntax")]
    [TestCase("""{"method":"POST","path":"/Users","bulkId":"a"}""", 400, "invalidSyntax", Description = "no data")]
    [TestCase("""{"method":"POST","path":"/Users","bulkId":"a","data":"{}"}""", 400, "invalidSyntax")]
    [TestCase("""{"method":"POST","path":"/Users","bulkId":"b","data":{}}""", 400, "invalidValue", Description = "no userName")]
    [TestCase("""{"method":"DELETE","path":"/Users/1","version":1}""", 400, "invalidSyntax")]
    [TestCase("""{"method":"PATCH","path":"/Users/1","data":{}}""", 404, null)]
    [TestCase("""{"method":"POST","path":"/Users/1","bulkId":"a","data":{}}""", 405, null)]
    [TestCase("""{"method":"DELETE","path":"/Users"}""", 405, null)]
    [TestCase("""{"method":"DELETE","path":"/Users/"}""", 405, null)]
    [TestCase("""{"method":"DELETE","path":"/Users/1/2"}""", 404, null)]
    [TestCase("""{"method":"DELETE","path":"/"}""", 404, null)]
    [TestCase("""{"method":"POST","path":"/Bulk","bulkId":"a","data":{"Operations":[]}}""", 404, null)]
    [TestCase("""{"method":"POST","path":"/Schemas","bulkId":"a","data":{}}""", 404, null)]
    [TestCase("""{"method":"POST","path":"https://other.example.com/Users","bulkId":"a","data":{}}""", 404, null)]
    [TestCase("""{"method":"POST","path":"/Groups","bulkId":"a","data":{}}""", 501, null)]
    [TestCase("""{"method":"PATCH","path":"/Me","data":{}}""", 501, null)]
    [TestCase("""{"method":"DELETE","path":"/Users/bulkId:nobody"}""", 409, null)]
    public async Task A_malformed_operation_is_an_error_of_that_operation_only(string operation, int status, string? scimType)
    {
        using var client = server.ClientOf(new TestAccount());
        var answer = await Bulk(client, operation, Post("ann"));
        var response = answer["Operations"]![0]!["response"]!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Statuses(answer), Is.EqualTo($"{status} 201"), answer.ToString());
            Assert.That((string)response["status"]!, Is.EqualTo($"{status}"));
            Assert.That((string?)response["scimType"], Is.EqualTo(scimType), answer.ToString());
            Assert.That((string)response["detail"]!, Is.Not.Empty);
            Assert.That((string)response["schemas"]![0]!, Is.EqualTo(ScimError.Schema));
        }
    }

    [TestCase("""{"Operations":[]}""", 400, "with at least one operation")]
    [TestCase("""{"Operations":{}}""", 400, "list of Operations")]
    [TestCase("{}", 400, "list of Operations")]
    [TestCase("""{"Operations":[OK],"failOnErrors":-1}""", 400, "failOnErrors")]
    [TestCase("""{"Operations":[OK],"failOnErrors":1.5}""", 400, "failOnErrors")]
    [TestCase("""{"Operations":[OK],"failOnErrors":"1"}""", 400, "failOnErrors")]
    [TestCase("""{"Operations":[OK,OK]}""", 400, "bulkId \"ann\" is used by more than one")]
    public async Task A_malformed_bulk_request_changes_nothing(string body, int status, string reason)
    {
        using var client = server.ClientOf(new TestAccount());
        var refused = await client.Post("Bulk", body.Replace("OK", Post("ann"), StringComparison.Ordinal));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((int)refused.Status, Is.EqualTo(status), refused.ToString());
            Assert.That(refused.Detail, Does.Contain(reason));
            Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.Zero);
        }
    }

    [TestCase(0, 1)]
    [TestCase(1, 1)]
    [TestCase(2, 3)]
    [TestCase(3, 5)]
    [TestCase(9, 6)]
    public async Task It_stops_after_failOnErrors_errors(int failOnErrors, int done)
    {
        using var client = server.ClientOf(new TestAccount());
        const string Wrong = """{"method":"DELETE","path":"/Users/nobody"}""";
        var answer = await client.Post(
            "Bulk",
            $$"""{"failOnErrors":{{failOnErrors}},"Operations":[{{Wrong}},{{Post("a")}},{{Wrong}},{{Post("b")}},{{Wrong}},{{Post("c")}}]}""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer["Operations"]!.AsArray(), Has.Count.EqualTo(done), answer.ToString());
            Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.EqualTo(done / 2));
        }
    }

    [TestCase("boss worker", Description = "backward")]
    [TestCase("worker boss", Description = "forward: run later, but returned in the order of the request")]
    public async Task A_reference_becomes_the_id_of_the_created_user(string order)
    {
        using var client = server.ClientOf(new TestAccount());
        var operations = order.Split(' ')
            .Select(each => each == "boss" ? Post("boss") : Post("worker", manager: "boss"));
        var answer = await Bulk(client, [.. operations]);
        var (boss, worker) = (IdOf(answer, "boss"), IdOf(answer, "worker"));
        Assert.That(Statuses(answer), Is.EqualTo("201 201"));
        Assert.That(
            answer["Operations"]!.AsArray().Select(result => (string)result!["bulkId"]!), Is.EqualTo(order.Split(' ')));
        Assert.That(
            (await client.Get($"Users/{worker}"))[Enterprise]!["manager"]!.ToJsonString(),
            Is.EqualTo($$"""{"value":"{{boss}}","$ref":"../Users/{{boss}}"}"""));
    }

    [Test]
    public async Task Paths_and_patches_can_refer_to_created_users()
    {
        using var client = server.ClientOf(new TestAccount());
        var answer = await Bulk(
            client,
            """{"method":"PATCH","path":"/Users/bulkId:a/b","data":{"Operations":[{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":"bulkId:boss"}]}}""",
            Post("a/b", userName: "ab@example.com"),
            Post("boss"),
            Post("gone"),
            """{"method":"DELETE","path":"/Users/bulkId:gone"}""");
        Assert.That(Statuses(answer), Is.EqualTo("200 201 201 201 204"), answer.ToString());
        var user = await client.Get($"Users/{IdOf(answer, "a/b")}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((string)user[Enterprise]!["manager"]!["value"]!, Is.EqualTo(IdOf(answer, "boss")));
            Assert.That((string)answer["Operations"]![0]!["location"]!, Is.EqualTo(Users + user.Json!.Id()));
            Assert.That(
                (await client.Get($"Users/{IdOf(answer, "gone")}")).Status, Is.EqualTo(HttpStatusCode.NotFound));
        }
    }

    [TestCase("a:b b:a")]
    [TestCase("a:b b:c c:a")]
    [TestCase("a:a")]
    public async Task Circles_are_resolved(string circle)
    {
        using var client = server.ClientOf(new TestAccount());
        var pairs = circle.Split(' ').Select(pair => pair.Split(':')).ToList();
        var answer = await Bulk(client, [.. pairs.Select(pair => Post(pair[0], manager: pair[1]))]);
        Assert.That(Statuses(answer), Does.Match("^201( 201)*$"), answer.ToString());
        foreach (var pair in pairs)
        {
            var user = await client.Get($"Users/{IdOf(answer, pair[0])}");
            using (Assert.EnterMultipleScope())
            {
                Assert.That((string)user[Enterprise]!["manager"]!["value"]!, Is.EqualTo(IdOf(answer, pair[1])));
                Assert.That((string)user["meta"]!["version"]!, Is.EqualTo(VersionOf(answer, pair[0])));
            }
        }
    }

    [Test]
    public async Task An_operation_that_refers_to_a_user_that_was_not_created_is_409()
    {
        using var client = server.ClientOf(new TestAccount());
        var answer = await Bulk(
            client,
            Post("worker", manager: "boss"),
            Post("helper", manager: "worker"),
            Post("boss", userName: "no address"),
            Post("stray", manager: "nobody"),
            Post("fine"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Statuses(answer), Is.EqualTo("409 409 400 409 201"), answer.ToString());
            Assert.That((string)answer["Operations"]![0]!["response"]!["detail"]!, Does.Contain("bulkId:boss"));
            Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.EqualTo(1));
        }
    }

    [TestCase(null)]
    [TestCase(1)]
    public async Task A_broken_circle_reports_the_user_that_was_created(int? failOnErrors)
    {
        using var client = server.ClientOf(new TestAccount());
        var answer = await client.Post(
            "Bulk",
            $$"""{"failOnErrors":{{failOnErrors?.ToString() ?? "null"}},"Operations":[{{Post("a", "no address", "b")}},{{Post("b", manager: "a")}}]}""");
        var made = answer["Operations"]![1]!;
        var user = await client.Get(((string)made["location"]!)["http://localhost:5002/scim/v2/".Length..]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Statuses(answer), Is.EqualTo("400 409"), answer.ToString());
            Assert.That(
                (string)made["response"]!["detail"]!, Does.Contain(user.Json!.Id()).And.Contain("was created without"));
            Assert.That((string)user["userName"]!, Is.EqualTo("b@example.com"));
            Assert.That(user[Enterprise], Is.Null);
        }
    }

    [Test]
    public async Task Limits_are_advertised_and_enforced_by_413()
    {
        using var client = server.ClientOf(new TestAccount());
        var bulk = (await client.Get("ServiceProviderConfig"))["bulk"]!;
        var tooMany = await Bulk(client, [.. Enumerable.Repeat("{}", 1001)]);
        var farTooMany = await Bulk(client, [.. Enumerable.Repeat("{}", 10_000)]);
        var tooLarge = await Bulk(client, Post("a", more: $",\"title\":\"{new string('x', 1024 * 1024)}\""));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(bulk.ToJsonString(), Is.EqualTo(
                $$"""{"supported":true,"maxOperations":{{BulkRequest.MaxOperations}},"maxPayloadSize":{{RequestBody.MaxLength}}}"""));
            Assert.That(tooMany.Status, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
            Assert.That(tooMany.Detail, Does.Contain("1001").And.Contain("maxOperations (1000)"));
            Assert.That(farTooMany.Status, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
            Assert.That(tooLarge.Status, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
            Assert.That(tooLarge.Detail, Does.Contain("1048576"));
            Assert.That((int)(await client.Get("Users"))["totalResults"]!, Is.Zero);
        }
    }

    [Test]
    public async Task The_deepest_data_is_refused_with_an_error()
    {
        using var client = server.ClientOf(new TestAccount());
        var deep = string.Concat(Enumerable.Repeat("[", 1000)) + string.Concat(Enumerable.Repeat("]", 1000));
        var refused = await Bulk(client, $$"""{"method":"POST","path":"/Users","bulkId":"a","data":{"x":{{deep}} } }""");
        Assert.That(refused, Has.Property("Status").EqualTo(HttpStatusCode.BadRequest)
            .And.Property("ScimType").EqualTo("invalidSyntax"));
    }

    [Test]
    public async Task Each_operation_counts_against_the_rate_limit()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with { RateLimit = 1 };
        using var client = server.ClientOf(account);
        server.Services.GetRequiredService<RateLimit>()
            .Take(Caller.Of(account.Answer(), default), RateLimit.Burst - 200);
        var taken = await Bulk(client, "{}", "{}", "{}");
        var refused = await Bulk(client, [.. Enumerable.Repeat("{}", 400)]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(taken.Status, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.TooManyRequests));
            Assert.That(refused.Message.Headers.RetryAfter!.Delta!.Value.TotalSeconds, Is.GreaterThan(60));
            Assert.That(
                RateLimit.Burst, Is.GreaterThanOrEqualTo(BulkRequest.MaxOperations), "or the largest never fits");
        }
    }

    [Test]
    public async Task Each_operation_leaves_its_own_event()
    {
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        await Bulk(
            client,
            Post("ann"),
            Post("bad", userName: "no address"),
            """{"method":"PATCH","path":"/Users/bulkId:ann","data":{"Operations":[{"op":"Replace","path":"active","value":"False"}]}}""",
            """{"method":"PATCH","path":"/Users/bulkId:ann","data":{"Operations":[{"op":"replace","path":"active","value":false}]}}""",
            """{"method":"DELETE","path":"/Users/bulkId:ann"}""");
        await using var scope = server.Services.CreateAsyncScope();
        var events = await scope.ServiceProvider.GetRequiredService<ScimDbContext>().Set<ProvisioningEvent>()
            .Where(e => e.AccountId == account.Id).OrderBy(e => e.Id).ToListAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events.Select(e => $"{e.Operation} {e.Outcome} {e.Status} {e.UserName}"), Is.EquivalentTo(
            [
                "create created 201 ann@example.com", "create refused 400 no address",
                "patch deactivated 200 ann@example.com", "delete deleted 204 ann@example.com",
            ]));
            Assert.That(events.Single(e => e.Outcome == "deactivated").Habits, Does.Contain("string-boolean"));
            Assert.That(events.Select(e => e.RequestId).Distinct().Count(), Is.EqualTo(1));
        }
    }

    [TestCase("raised fence", 401)]
    [TestCase("ended set", 401)]
    [TestCase("SCIM disabled", 403)]
    public async Task The_remaining_operations_are_refused_when_the_credentials_end(string what, int status)
    {
        var account = new TestAccount();
        var set = account.Answer().CredentialSet;
        var token = server.AuthServer.IssueToken(() => what == "raised fence"
            ? account.Answer() with { CredentialSet = set }
            : account.SetId == set!.Id ? account.Answer() : new() { Active = false });
        using var old = server.ClientOf(account);
        old.DefaultRequestHeaders.Authorization = new("Bearer", token);
        var running = Bulk(old, [.. Enumerable.Range(0, 500).Select(i => Post($"user{i}"))]);
        while (await CountUsers(server, account) < 3 && !running.IsCompleted)
            await Task.Yield();
        if (what == "SCIM disabled")
            account.Policy = account.Policy with { ScimEnabled = false };
        else
            (account.SetId, account.Generation) = (Guid.CreateVersion7(), 2);
        if (what == "raised fence")
        {
            using var current = server.ClientOf(account);
            Assert.That((await current.Get("Users?count=0")).Status, Is.EqualTo(HttpStatusCode.OK));
        }

        var statuses = Statuses(await running);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(statuses, Does.Match($"^(201 )+({status} )*{status}$"));
            Assert.That(
                await CountUsers(server, account), Is.EqualTo(statuses.Split(' ').Count(status => status == "201")));
        }
    }

    [Test]
    public async Task A_client_that_disconnects_leaves_no_operation_half_done()
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            Licences = [new() { Product = "portal", Seats = 1000, GivenToNewUsers = true }],
        };
        await using var first = await ScimServer.Start();
        using var client = first.ClientOf(account);
        using var leaving = new CancellationTokenSource();
        using var body = new StringContent(
            $$"""{"Operations":[{{string.Join(',', Enumerable.Range(0, 900).Select(i => Post($"user{i}")))}}]}""",
            null,
            "application/scim+json");
        var running = client.PostAsync("Bulk", body, leaving.Token);
        while (await CountUsers(first, account) < 3 && !running.IsCompleted)
            await Task.Yield();
        await leaving.CancelAsync();
        Assert.That(async () => await running, Throws.InstanceOf<OperationCanceledException>());
        await first.Stop();

        await using var second = await ScimServer.Start(authServer: first.AuthServer, folder: first.Folder);
        await using var scope = second.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var users = await db.UsersOf(account.Id).CountAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(users, Is.InRange(3, 899));
            Assert.That(await db.CountUsers(account.Id, default), Is.EqualTo(users));
            Assert.That(await db.SeatsOf(account.Id).CountAsync(), Is.EqualTo(users));
            Assert.That((await db.CountSeats(account.Policy, default)).Single().Used, Is.EqualTo(users));
            Assert.That(
                await db.Set<ProvisioningEvent>().CountAsync(e => e.Outcome == ProvisioningOutcomes.Created),
                Is.EqualTo(users));
        }
    }

    [Test]
    public async Task A_large_circle_is_closed()
    {
        using var client = server.ClientOf(new TestAccount());
        var answer = await Bulk(
            client, [.. Enumerable.Range(0, 100).Select(i => Post($"user{i}", manager: $"user{(i + 1) % 100}"))]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                answer["Operations"]!.AsArray().Select(o => (string)o!["status"]!), Has.Exactly(100).EqualTo("201"));
            Assert.That(
                (int)(await client.Get($"Users?count=0&filter={Enterprise}:manager pr"))["totalResults"]!,
                Is.EqualTo(100));
        }
    }

    private static Task<Answer> Bulk(HttpClient client, params string[] operations) => client.Post(
        "Bulk",
        $$"""{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{{string.Join(',', operations)}}]}""");

    private static string Post(string bulkId, string? userName = null, string? manager = null, string more = "")
    {
        if (manager is not null)
            more += $$""","{{Enterprise}}":{"manager":{"value":"bulkId:{{manager}}","$ref":"../Users/bulkId:{{manager}}"} }""";
        return $$"""
            {"method":"POST","path":"/Users","bulkId":"{{bulkId}}","data":{{Requests.NewUser(userName ?? $"{bulkId}@example.com", more)}}}
            """;
    }

    private static string Statuses(Answer answer) =>
        string.Join(' ', answer["Operations"]!.AsArray().Select(result => (string)result!["status"]!));

    private static JsonNode Result(Answer answer, string bulkId) =>
        answer["Operations"]!.AsArray().Single(result => (string?)result!["bulkId"] == bulkId)!;

    private static string IdOf(Answer answer, string bulkId) =>
        ((string)Result(answer, bulkId)["location"]!)[Users.Length..];

    private static string VersionOf(Answer answer, string bulkId) => (string)Result(answer, bulkId)["version"]!;

    private static string Json(JsonNode? node) => Resource.Text(node!);

    private static async Task<int> CountUsers(ScimServer of, TestAccount account)
    {
        await using var scope = of.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<ScimDbContext>().UsersOf(account.Id).CountAsync();
    }
}
