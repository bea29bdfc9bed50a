using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Provisioning;
using Scim.Api.Users;
using Shared.Contracts;

namespace Scim.Api.Tests.Users;

/// <summary>
/// A request that deactivates a user never fails because of a rule for another attribute, whatever form it has.
/// </summary>
[Parallelizable]
[Category("Slow")]
[Category("AnyDatabase")]
internal sealed class DeactivationTests
{
    private const string Hex = "0123456789abcdef0123456789abcdef";
    private const string Extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    private const string Taken = "taken@example.com";

    private ScimServer server = null!;

    /// <summary>Different forms of one request: each sets <c>active</c> to false, and the other attributes.</summary>
    private static readonly (string Name, Func<HttpClient, string, JsonObject, Task<Answer>> Send)[] ways =
    [
        ("PATCH, active first", (client, id, others) => client.Patch($"Users/{id}", Join(Off, Operations(others)))),
        ("PATCH, active last", (client, id, others) => client.Patch($"Users/{id}", Join(Operations(others), Off))),
        ("PATCH without paths", (client, id, others) => client.Patch($"Users/{id}", Pathless(With(others, "False")))),
        ("PATCH in two steps without paths, active last", (client, id, others) =>
            client.Patch($"Users/{id}", Join(Pathless(others), Pathless(new() { ["active"] = false })))),
        ("PATCH by URN", (client, id, others) => client.Patch(
            $"Users/{id}",
            Join(
                Operations(others),
                Off.Replace("active", "urn:ietf:params:scim:schemas:core:2.0:User:active", StringComparison.Ordinal)))),
        ("PATCH, active wrapped", (client, id, others) => client.Patch(
            $"Users/{id}",
            Join("""{"op":"Replace","path":"active","value":[{"$ref":null,"value":"False"}]}""", Operations(others)))),
        ("PATCH without paths, the object in a list", (client, id, others) => client.Patch(
            $"Users/{id}", $$"""{"op":"replace","value":[{{With(others, "False").ToJsonString()}}]}""")),
        ("PUT", (client, id, others) => client.Put($"Users/{id}", Put(others))),
        ("PATCH in a bulk request", (client, id, others) =>
            Bulk(client, "PATCH", id, $$"""{"Operations":[{{Join(Operations(others), Off)}}]}""")),
        ("PUT in a bulk request", (client, id, others) => Bulk(client, "PUT", id, Put(others))),
    ];

    private static string Off => """{"op":"Replace","path":"active","value":"False"}""";

    [OneTimeSetUp]
    public async Task Start() => server = await ScimServer.Start();

    [OneTimeTearDown]
    public async Task Stop() => await server.DisposeAsync();

    /// <summary>
    /// The other attributes in the request, and which of them keep their old value under which rules.
    /// </summary>
    private static IEnumerable<TestCaseData> Others()
    {
        static TestCaseData Case(string name, string others, string guide = "", string? rfc = null) =>
            new TestCaseData(others, guide, rfc ?? guide).SetArgDisplayNames(name);
        string Long(int length) => new('x', length);
        string Emails(int count) => string.Join(
            ',', Enumerable.Range(0, count).Select(i => $$"""{"value":"a{{i}}@example.com","type":"home"}"""));

        yield return Case("nothing else", "{}");
        yield return Case("a long local part", $$"""{"userName":"{{Hex}}{{Long(60)}}@example.com"}""");
        yield return Case("a guest", $$"""{"userName":"{{Hex}}ann_other.org#EXT#@example.onmicrosoft.com"}""");
        yield return Case("a long guest", $$"""{"userName":"{{Hex}}{{Long(50)}}_other.org#EXT#@example.onmicrosoft.com"}""");
        yield return Case("a name that is no address", $$"""{"userName":"{{Hex}}ann"}""");
        yield return Case("a name with two at signs", """{"userName":"ann@x@example.com"}""");
        yield return Case("a name of 255 characters", $$"""{"userName":"{{Long(243)}}@example.com"}""");
        yield return Case("a name of 400 characters", $$"""{"userName":"{{Long(388)}}@example.com"}""");
        yield return Case("a name of 401 characters", $$"""{"userName":"{{Long(389)}}@example.com"}""", "userName");
        yield return Case("a name of 400 wide characters", $$"""{"userName":"{{new string('語', 388)}}@example.com"}""");
        yield return Case("a name of 100,000 characters", $$"""{"userName":"{{Long(100_000)}}@example.com"}""", "userName");
        yield return Case("a foreign domain", """{"userName":"ann@other.org"}""");
        yield return Case("a taken name", $$"""{"userName":"{{Taken}}"}""", "userName");
        yield return Case("a taken name in capitals", $$"""{"userName":"{{Taken.ToUpperInvariant()}}"}""", "userName");
        yield return Case("an empty name", """{"userName":""}""", "userName");
        yield return Case("no name", """{"userName":null}""", "userName");
        yield return Case("a taken work e-mail", $$"""{"emails":[{"value":"{{Taken}}","type":"work"}]}""", "emails", "");
        yield return Case(
            "a taken work e-mail and another", $$"""{"emails":[{"value":"new@example.com","type":"work"},{"value":"{{Taken}}","type":"Work"}]}""", "emails", "");
        yield return Case("a foreign work e-mail", """{"emails":[{"value":"ann@other.org","type":"work"}]}""");
        yield return Case("a work e-mail that is no address", """{"emails":[{"value":"ann","type":"work"}]}""");
        yield return Case("no e-mail", """{"emails":[]}""");
        yield return Case("an e-mail of 321 characters", $$"""{"emails":[{"value":"{{Long(309)}}@example.com","type":"work"}]}""");
        yield return Case("an e-mail of 400 characters", $$"""{"emails":[{"value":"{{Long(388)}}@example.com","type":"work"}]}""");
        yield return Case("an e-mail of 401 characters", $$"""{"emails":[{"value":"{{Long(389)}}@example.com","type":"home"}]}""", "emails");
        yield return Case("a long type of an e-mail", $$"""{"emails":[{"value":"a@example.com","type":"{{Long(101)}}"}]}""", "emails");
        yield return Case("two primary e-mails", """{"emails":[{"value":"a@x.org","primary":true},{"value":"b@x.org","primary":true}]}""", "emails");
        yield return Case("501 e-mails", $$"""{"emails":[{{Emails(501)}}]}""", "emails");
        yield return Case("1,200 e-mails", $$"""{"emails":[{{Emails(1200)}}]}""", "emails");
        yield return Case("no first name", """{"name":{"familyName":"Lee"}}""");
        yield return Case("empty names", """{"name":{"givenName":"","familyName":""}}""");
        yield return Case("no names", """{"name":null}""");
        yield return Case("an externalId of 101 characters", $$"""{"externalId":"{{Long(101)}}"}""");
        yield return Case("an externalId of 400 characters", $$"""{"externalId":"{{Long(400)}}"}""");
        yield return Case("an externalId of 401 characters", $$"""{"externalId":"{{Long(401)}}"}""", "externalId");
        yield return Case("a huge display name", $$"""{"displayName":"{{Long(70_000)}}"}""", "displayName");
        yield return Case("a huge first name", $$"""{"name":{"givenName":"{{Long(70_000)}}","familyName":"New"} }""", "name.givenName");
        yield return Case("a huge department", $$"""{"{{Extension}}":{"department":"{{Long(70_000)}}","division":"New"} }""", Extension + ":department");
        yield return Case("a huge certificate", $$"""{"x509Certificates":[{"value":"{{new string('A', 400_000)}}"}]}""", "x509Certificates");
        yield return Case(
            "much that is large together",
            $$"""{"title":"{{Long(8000)}}","nickName":"New","addresses":[{{string.Join(',', Enumerable.Range(0, 9).Select(i => $$"""{"formatted":"{{i}}{{Long(8000)}}"}"""))}}]}""",
            "addresses");
        foreach (var (place, value) in new[]
        {
            ("userName", """{"userName":"an\u0000n@example.com"}"""), ("userName", """{"userName":"\u0000"}"""),
            ("externalId", """{"externalId":"1\u0000"}"""), ("displayName", """{"displayName":"\u0000","title":"New"}"""),
            ("title", """{"title":"a\u0000b","nickName":"New"}"""), ("profileUrl", """{"profileUrl":"https://x.example/\u0000"}"""),
            ("name.givenName", """{"name":{"givenName":"A\u0000","familyName":"New"} }"""),
            ("name.familyName name.givenName", """{"name":{"givenName":"\u0000","familyName":"\u0000"} }"""),
            ("emails", """{"emails":[{"value":"a\u0000@example.com","type":"work"}],"title":"New"}"""),
            ("emails", """{"emails":[{"value":"a@example.com","type":"\u0000"},{"value":"b@example.com"}]}"""),
            ("phoneNumbers", """{"phoneNumbers":[{"value":"1","display":"\u0000"}]}"""), ("roles", """{"roles":["a\u0000"]}"""),
            ("addresses", """{"addresses":[{"formatted":"New"},{"streetAddress":"\u0000"}]}"""),
            (Extension + ":department", $$"""{"{{Extension}}":{"department":"\u0000","division":"New"} }"""),
            (Extension + ":manager", $$"""{"{{Extension}}":{"manager":{"value":"\u0000"},"division":"New"} }"""),
            ("x509Certificates", """{"x509Certificates":[{"value":"aGVs\u0000"}]}"""),
            ("nickName title", """{"title":"\u0000","nickName":"\u0000","userType":"New"}"""),
        })
            yield return Case($"U+0000 in {place}: {value}", value, place);
        foreach (var value in new[] { "!", "aGVsb", "aGVsbA=", "aGVsb-_", "-----BEGIN CERTIFICATE-----" })
            yield return Case(
                $"a certificate that is not base64: {value}",
                $$"""{"x509Certificates":[{"value":"aGVsbG8h"},{"value":"{{value}}"}],"title":"New"}""",
                "x509Certificates");
        yield return Case(
            "several rules together",
            $$"""{"userName":"{{Taken}}","title":"New","externalId":"{{Long(500)}}","displayName":"{{Long(9000)}}","name":null}""",
            "displayName externalId userName");
    }

    [TestCaseSource(nameof(Others))]
    public Task By_the_guide_a_user_is_deactivated(string others, string kept, string _) =>
        Deactivate(AttributeRuleSets.Guide, JsonNode.Parse(others)!.AsObject(), kept);

    [TestCaseSource(nameof(Others))]
    public Task By_the_RFC_a_user_is_deactivated(string others, string _, string kept) =>
        Deactivate(AttributeRuleSets.Rfc, JsonNode.Parse(others)!.AsObject(), kept);

    private async Task Deactivate(string rules, JsonObject others, string kept)
    {
        foreach (var (way, send) in ways)
        {
            var account = Account(rules, seats: 2);
            using var client = server.ClientOf(account);
            await client.CreateUser(Taken, $$""","emails":[{"value":"{{Taken}}","type":"work"}]""");
            var before = await client.CreateUser("ann@example.com", ""","externalId":"1","title":"Old" """);
            var answer = await send(client, before.Id(), others);
            Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), $"{way}: {answer}");

            var after = await client.Get($"Users/{before.Id()}");
            var deactivation = (await EventsOf(account)).Single(e => e.Outcome == ProvisioningOutcomes.Deactivated);
            using (Assert.EnterMultipleScope())
            {
                Assert.That((bool)after["active"]!, Is.False, way);
                Assert.That(deactivation.NotApplied, Is.EqualTo(kept), way);
                Assert.That(deactivation.Reason is null, Is.EqualTo(kept == ""), way);
                AssertApplied(others, kept.Split(' '), before, after.Json!, way);
                Assert.That((await client.Post("Users", Requests.NewUser("new2@example.com"))).Status,
                    Is.EqualTo(HttpStatusCode.Created), $"{way}: the seat is free");
            }
        }
    }

    /// <summary>Compares the attributes that are applied with the sent ones, except derived values.</summary>
    private static void AssertApplied(JsonObject others, string[] kept, JsonObject before, JsonObject after, string way)
    {
        foreach (var (name, value) in others)
        {
            if (kept.Contains(name))
                AssertSame(before[name], after[name], $"{way}: {name} stays");
            else if (value is JsonObject parts)
                foreach (var (part, inner) in parts)
                {
                    var old = kept.Contains($"{name}.{part}") || kept.Contains($"{name}:{part}");
                    AssertSame(old ? before[name]?[part] : Sent(inner), after[name]?[part], $"{way}: {name}.{part}");
                }
            else if (value is not null && value is not JsonArray { Count: 0 })
                AssertSame(Sent(value), after[name], $"{way}: {name} is applied");
        }
    }

    private static JsonNode? Sent(JsonNode? value) =>
        value is JsonValue text && text.TryGetValue<string>(out var empty) && empty == "" ? null : value;

    private static void AssertSame(JsonNode? expected, JsonNode? actual, string what) => Assert.That(
        JsonNode.DeepEquals(expected, actual), Is.True, $"{what}: {Short(actual)}, not {Short(expected)}");

    private static string Short(JsonNode? value) =>
        value?.ToJsonString() is { } text ? text[..Math.Min(text.Length, 100)] : "null";

    /// <summary>Bodies of a PUT, or values of a PATCH without a path, with a string that cannot be stored.</summary>
    private static readonly string[] unstorable =
    [
        """ "title":"\u0000" """, """ "title":"a\ud800" """, """ "name":{"givenName":"\udc00\ud800","familyName":"Lee"} """,
        """ "emails":[{"value":"ann@example.com","type":"\ud800"}] """, """ "unknown":"\u0000" """, """ "unknown":{"x":["\ud800"]} """,
        """ "password":"\u0000" """, """ "emails":[{"value":"ann@example.com","unknown":"\u0000"}] """, """ "groups":["\u0000"] """,
        $$""" "{{Extension}}":{"manager":{"value":"1","displayName":"\u0000"} } """, """ "x509Certificates":[{"value":"!"}] """,
    ];

    [Test]
    public async Task Values_that_cannot_be_stored_stop_every_request_except_a_deactivation(
        [ValueSource(nameof(unstorable))] string other, [Values("PUT", "PATCH")] string method, [Values] bool isBulk)
    {
        var account = Account(AttributeRuleSets.Guide, seats: 2);
        using var client = server.ClientOf(account);
        var id = (await client.CreateUser("ann@example.com", ""","title":"Old" """)).Id();
        var before = await client.Get($"Users/{id}");
        const string Name = """ "name":{"givenName":"Ann","familyName":"Lee"},""";
        using (Assert.EnterMultipleScope())
        {
            foreach (var active in new[] { "", ""","active":true""" })
            {
                Assert.That((await Send(active)).Status, Is.EqualTo(HttpStatusCode.BadRequest), $"active {active}");
                Assert.That(
                    JsonNode.DeepEquals((await client.Get($"Users/{id}")).Json, before.Json), Is.True, "no change");
            }
            foreach (var again in new[] { "once", "again" })
            {
                var off = await Send(""","active":false""");
                Assert.That(off.Status, Is.EqualTo(HttpStatusCode.OK), $"{again}: {off}");
            }
            Assert.That((await Send("")).Status, Is.EqualTo(HttpStatusCode.BadRequest), "inactive already");
            Assert.That((bool)(await client.Get($"Users/{id}"))["active"]!, Is.False);
        }

        Task<Answer> Send(string active)
        {
            var members = other.Contains("givenName", StringComparison.Ordinal) ? other : Name + other;
            var body = method == "PUT"
                ? $$"""{"userName":"ann@example.com",{{members}}{{active}} }"""
                : $$"""{"Operations":[{"op":"replace","value":{ {{other}}{{active}} } }]}""";
            return isBulk ? Bulk(client, method, id, body) : client.Send(method, $"Users/{id}", body);
        }
    }

    [Test]
    public async Task In_a_bulk_request_each_operation_is_checked_separately()
    {
        var account = Account(AttributeRuleSets.Guide, seats: 3);
        using var client = server.ClientOf(account);
        var (ann, bea) =
            ((await client.CreateUser("ann@example.com")).Id(), (await client.CreateUser("bea@example.com")).Id());
        const string Nul = """{"op":"replace","path":"title","value":"\u0000"}""";
        var cat = Requests.NewUser("cat@example.com", ""","title":"\u0000" """);
        var answer = await client.Post("Bulk", $$"""
            {"Operations":[{"method":"PATCH","path":"/Users/{{ann}}","data":{"Operations":[{{Nul}},{{Off}}]} },
             {"method":"PATCH","path":"/Users/{{bea}}","data":{"Operations":[{{Nul}}]} },
             {"method":"POST","path":"/Users","bulkId":"1","data":{{cat}} },
             {"method":"PATCH","path":"/Users/{{bea}}","data":{"Operations":[{{Off}}]} }]}
            """);
        var statuses = answer["Operations"]!.AsArray().Select(operation => (string?)operation!["status"]);
        Assert.That(statuses, Is.EqualTo(new[] { "200", "400", "400", "200" }), answer.ToString());
    }

    [TestCase(""" "method":"PATCH","path":"/Users/ID\u0000" """)]
    [TestCase(""" "method":"PATCH\u0000","path":"/Users/ID" """)]
    [TestCase(""" "method":"PATCH","path":"/Users/ID","version":"\ud800" """)]
    [TestCase(""" "method":"PATCH","path":"/Users/ID","bulkId":"\u0000" """)]
    public async Task A_bulk_request_with_such_a_string_outside_data_is_refused(string members)
    {
        using var client = server.ClientOf(Account(AttributeRuleSets.Guide, seats: 3));
        var id = (await client.CreateUser("ann@example.com")).Id();
        members = members.Replace("ID", id, StringComparison.Ordinal);
        var answer = await client.Post("Bulk", $$"""{"Operations":[{ {{members}},"data":{"Operations":[{{Off}}]} }]}""");
        Assert.That(answer, Has.Property("Status").EqualTo(HttpStatusCode.BadRequest)
            .And.Property("ScimType").EqualTo("invalidSyntax"));
    }

    /// <summary>Users as they may have been stored before there was a rule or a limit.</summary>
    private static IEnumerable<TestCaseData> Old()
    {
        static TestCaseData Case(string name, string changes) => new TestCaseData(changes).SetArgDisplayNames(name);
        static string Long(int length) => new('x', length);
        yield return Case("a name that is no address", """{"userName":"ann"}""");
        yield return Case("a name on a foreign domain", """{"userName":"ann@other.org"}""");
        yield return Case("a name with an invisible character", """{"userName":"an\u200Bn@example.com"}""");
        yield return Case("a name of 500 characters", $$"""{"userName":"{{Long(488)}}@example.com"}""");
        yield return Case("a blank name", """{"userName":" "}""");
        yield return Case("no first and last name", """{"name":null,"displayName":null}""");
        yield return Case("no work e-mail", """{"emails":null}""");
        yield return Case("a work e-mail that is no address", """{"emails":[{"value":"ann","type":"work"}]}""");
        yield return Case("a work e-mail that two share", $$"""{"emails":[{"value":"{{Taken}}","type":"work"}]}""");
        yield return Case("an e-mail of 500 characters", $$"""{"emails":[{"value":"{{Long(488)}}@example.com","type":"work"}]}""");
        yield return Case("two primary e-mails", """{"emails":[{"value":"a@x.org","primary":true},{"value":"b@x.org","primary":true}]}""");
        yield return Case("501 e-mails", $$"""{"emails":[{{string.Join(',', Enumerable.Range(0, 501).Select(i => $$"""{"value":"{{i}}@x"}"""))}}]}""");
        yield return Case("an externalId of 500 characters", $$"""{"externalId":"{{Long(500)}}"}""");
        yield return Case("a display name of a megabyte", $$"""{"displayName":"{{Long(1_000_000)}}"}""");
        yield return Case("a certificate that is not base64", """{"x509Certificates":[{"value":"!"}]}""");
        yield return Case("a type that changed", """{"title":7}""");
    }

    [TestCaseSource(nameof(Old))]
    public async Task A_user_older_than_a_rule_can_be_deactivated(string changes)
    {
        foreach (var (way, send) in ways.Where(way => !way.Name.Contains("bulk", StringComparison.Ordinal)))
        {
            var account = Account(AttributeRuleSets.Guide, seats: 2);
            using var client = server.ClientOf(account);
            await client.CreateUser(Taken);
            var id = (await client.CreateUser("ann@example.com", ""","externalId":"1" """)).Id();
            await Store(account, id, JsonNode.Parse(changes)!.AsObject());
            // Identity providers that use PUT send back what they have read.
            var echo = (await client.Get($"Users/{id}")).Json!;
            foreach (var member in new[] { "schemas", "id", "meta", "active" })
                echo.Remove(member);
            var answer = await send(client, id, way == "PUT" ? echo : []);
            Assert.That(answer.Status, Is.EqualTo(HttpStatusCode.OK), $"{way}: {answer.Detail}");
            var deactivation = (await EventsOf(account)).Single(e => e.Outcome == ProvisioningOutcomes.Deactivated);
            using (Assert.EnterMultipleScope())
            {
                Assert.That((bool)(await client.Get($"Users/{id}"))["active"]!, Is.False, way);
                Assert.That(deactivation.NotApplied, Is.Empty, way);
                Assert.That(deactivation.Changed, Does.StartWith("active"), way);
            }
        }
    }

    /// <summary>Two names that are equal under the current folding, but were different when they were stored.</summary>
    [Test]
    public async Task A_user_whose_key_belongs_to_another_user_can_be_deactivated()
    {
        var account = Account(AttributeRuleSets.Guide, seats: 2);
        using var client = server.ClientOf(account);
        var ids = new List<string> { (await client.CreateUser("ann@example.com")).Id(), (await client.CreateUser("bea@example.com")).Id() };
        await using (var scope = server.Services.CreateAsyncScope())
        {
            var users = scope.ServiceProvider.GetRequiredService<ScimDbContext>().UsersOf(account.Id);
            foreach (var (id, key) in ids.Zip(["old key", "ann@example.com"]))
            {
                var guid = Guid.Parse(id);
                await users.Where(user => user.Id == guid)
                    .ExecuteUpdateAsync(set => set.SetProperty(user => user.UserNameKey, key));
            }
        }
        var title = await client.Patch($"Users/{ids[0]}", """{"op":"replace","path":"title","value":"Dr"}""");
        var off = await client.Patch($"Users/{ids[0]}", Off);
        var put = await client.Put($"Users/{ids[0]}", Put([]));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(title.Status, Is.EqualTo(HttpStatusCode.OK), title.ToString());
            Assert.That(off.Status, Is.EqualTo(HttpStatusCode.OK), off.ToString());
            Assert.That(put.Status, Is.EqualTo(HttpStatusCode.OK), put.ToString());
            Assert.That(
                (int)(await client.Get("Users?filter=userName eq \"old key\""))["totalResults"]!, Is.EqualTo(1));
        }
    }

    /// <summary>Violations of the protocol itself (RFC 7644 §3.5.2: a PATCH is atomic).</summary>
    [TestCase("""{"op":"replace","path":"title","value":{"x":1}}""", "invalidValue", Description = "a wrong type")]
    [TestCase("""{"op":"replace","path":"active","value":"no"}""", "invalidValue")]
    [TestCase("""{"op":"replace","path":"active","value":[false,true]}""", "invalidValue")]
    [TestCase("""{"op":"replace","path":"nothing","value":"x"}""", "invalidPath")]
    [TestCase("""{"op":"replace","path":"id","value":"x"}""", "mutability")]
    [TestCase("""{"op":"remove","path":"userName"}""", "mutability")]
    [TestCase("""{"op":"move","path":"title","value":"x"}""", "invalidSyntax")]
    [TestCase("""{"op":"remove"}""", "noTarget")]
    public async Task A_request_that_violates_the_protocol_is_refused_as_a_whole(string operation, string scimType)
    {
        using var client = server.ClientOf(Account(AttributeRuleSets.Guide, seats: 2));
        var id = (await client.CreateUser("ann@example.com")).Id();
        var refused = await client.Patch($"Users/{id}", Join(Off, operation));
        var stale = await client.Patch($"Users/{id}", Off, ("If-Match", "W/\"7\""));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(refused, Has.Property("Status").EqualTo(HttpStatusCode.BadRequest)
                .And.Property("ScimType").EqualTo(scimType));
            Assert.That(stale.Status, Is.EqualTo(HttpStatusCode.PreconditionFailed));
            Assert.That((bool)(await client.Get($"Users/{id}"))["active"]!, Is.True);
        }
    }

    [TestCase("ann", "", true, Description = "a name of the wrong form: nobody signs in with it")]
    [TestCase("{hex}{64}@example.com", "", true)]
    [TestCase("ann@other.org", "userName", false, Description = "a domain that the account does not allow")]
    [TestCase(Taken, "userName", false)]
    [TestCase("{401}@example.com", "userName", false)]
    public async Task A_rename_of_an_inactive_user_is_only_refused_if_the_value_must_not_be_stored(
        string userName, string keptIfSaid, bool isAccepted)
    {
        userName = userName.Replace("{hex}", Hex, StringComparison.Ordinal)
            .Replace("{64}", new string('x', 64), StringComparison.Ordinal)
            .Replace("{401}", new string('x', 401), StringComparison.Ordinal);
        var account = Account(AttributeRuleSets.Guide, seats: 2);
        using var client = server.ClientOf(account);
        await client.CreateUser(Taken);
        var id = (await client.CreateUser("ann@example.com")).Id();
        await client.Patch($"Users/{id}", Off);
        var rename = $$"""{"op":"Replace","path":"userName","value":"{{userName}}"}""";
        var silent = await client.Patch($"Users/{id}", rename);
        var said = await client.Patch($"Users/{id}", Join(Off, rename));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(silent.Status == HttpStatusCode.OK, Is.EqualTo(isAccepted), silent.ToString());
            Assert.That(said.Status, Is.EqualTo(HttpStatusCode.OK), "a repeated soft delete");
            if (isAccepted)
                Assert.That((string)said["userName"]!, Is.EqualTo(userName));
            else if (userName != "ann@other.org")
                Assert.That((await EventsOf(account))[^1].NotApplied, Is.EqualTo(keptIfSaid));
        }
    }

    [Test]
    public async Task Values_that_a_deactivation_stored_are_checked_when_the_user_is_reactivated()
    {
        var account = Account(AttributeRuleSets.Guide, seats: 2);
        using var client = server.ClientOf(account);
        foreach (var others in new[]
        {
            """{"userName":"ann"}""", """{"userName":"ann@other.org"}""", """{"name":null}""",
            """{"emails":[{"value":"nobody","type":"work"}]}""", $$"""{"externalId":"{{new string('x', 101)}}"}""",
        })
        {
            var id = (await client.CreateUser($"ann{others.Length}@example.com")).Id();
            var off = await client.Patch($"Users/{id}", Join(Off, Operations(JsonNode.Parse(others)!.AsObject())));
            Assert.That(off.Status, Is.EqualTo(HttpStatusCode.OK), off.ToString());
            var refused = await client.Patch($"Users/{id}", """{"op":"replace","value":{"active":true}}""");
            Assert.That(refused.ScimType, Is.EqualTo("invalidValue"), $"{others}: {refused}");
        }
    }

    [Test]
    public async Task Users_who_have_shared_a_work_email_under_other_rules_can_be_deactivated_but_not_reactivated()
    {
        var account = Account(AttributeRuleSets.Rfc, seats: 9);
        using var client = server.ClientOf(account);
        var ids = new List<string>();
        foreach (var name in new[] { "ann", "bea", "cat" })
        {
            ids.Add((await client.CreateUser(
                $"{name}@example.com", ""","emails":[{"value":"team@example.com","type":"work"}]""")).Id());
        }
        account.Policy = account.Policy with { AttributeRules = AttributeRuleSets.Guide };
        var title = await client.Patch($"Users/{ids[0]}", """{"op":"replace","path":"title","value":"Dr"}""");
        var off = await client.Patch($"Users/{ids[1]}", Off);
        var put = await client.Put(
            $"Users/{ids[2]}",
            Requests.NewUser("cat@example.com", ""","active":false,"emails":[{"value":"team@example.com","type":"work"}]"""));
        var on = await client.Patch($"Users/{ids[1]}", """{"op":"replace","value":{"active":true}}""");
        var other = await client.Post(
            "Users", Requests.NewUser("d@example.com", ""","emails":[{"value":"TEAM@example.com","type":"work"}]"""));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(title.Status, Is.EqualTo(HttpStatusCode.OK), title.ToString());
            Assert.That(off.Status, Is.EqualTo(HttpStatusCode.OK), off.ToString());
            Assert.That(put.Status, Is.EqualTo(HttpStatusCode.OK), put.ToString());
            Assert.That(on.ScimType, Is.EqualTo("uniqueness"));
            Assert.That(other.ScimType, Is.EqualTo("uniqueness"), "nobody else gets it");
        }
    }

    [Test]
    public async Task The_portal_shows_what_was_not_applied_and_why()
    {
        var account = Account(AttributeRuleSets.Guide, seats: 2);
        using var client = server.ClientOf(account);
        await client.CreateUser(Taken);
        var id = (await client.CreateUser("ann@example.com")).Id();
        await client.Patch($"Users/{id}", Join(Off, $$"""{"op":"replace","value":{"userName":"{{Taken}}","title":"Dr"} }"""));
        using var portal = server.PortalOf(account);
        var shown = (await portal.GetFromJsonAsync<PortalEvents>("events?outcome=deactivated"))!.Events.Single();
        var file = await portal.GetStringAsync("events.csv?outcome=deactivated");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(shown.NotApplied, Is.EqualTo(["userName"]));
            Assert.That(shown.Changed, Is.EquivalentTo(["active", "title"]));
            Assert.That(shown.Reason, Does.StartWith($"The userName {Taken} belongs to another user"));
            Assert.That(file.Split("\r\n")[0], Does.EndWith(",notApplied,repeats"));
            Assert.That(file.Split("\r\n")[1], Does.EndWith(",userName,0"));
        }
    }

    /// <summary>Changes a stored user in a way that no request can.</summary>
    private async Task Store(TestAccount account, string id, JsonObject changes)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        var user = await db.UsersOf(account.Id).Include(user => user.Emails)
            .SingleAsync(user => user.Id == Guid.Parse(id));
        var document = user.Json();
        foreach (var (name, value) in changes)
        {
            document.Remove(name);
            if (value is not null)
                document[name] = value.DeepClone();
        }
        user.SetDocument(document, claimsWorkEmail: false, DateTime.UtcNow);
        await db.SaveChangesAsync();
    }

    private async Task<List<ProvisioningEvent>> EventsOf(TestAccount account)
    {
        await using var scope = server.Services.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<ScimDbContext>();
        return await db.EventsOf(account.Id).OrderBy(e => e.Id).ToListAsync();
    }

    private static TestAccount Account(string rules, int seats)
    {
        var account = new TestAccount();
        account.Policy = account.Policy with
        {
            AttributeRules = rules,
            Domains = ["example.com"],
            Licences = [new() { Product = "portal", Seats = seats, GivenToNewUsers = true }],
        };
        return account;
    }

    private static string Operations(JsonObject others) =>
        string.Join(',', others.Select(other => other.Value is JsonObject parts && other.Key != "name"
        ? string.Join(',', parts.Select(part => Operation($"{other.Key}:{part.Key}", part.Value)))
        : Operation(other.Key, other.Value)));

    private static string Operation(string path, JsonNode? value) =>
        new JsonObject { ["op"] = "Replace", ["path"] = path, ["value"] = value?.DeepClone() }.ToJsonString();

    private static string Pathless(JsonObject value) =>
        value.Count == 0 ? "" : new JsonObject { ["op"] = "replace", ["value"] = value.DeepClone() }.ToJsonString();

    private static JsonObject With(JsonObject others, string active)
    {
        var all = others.DeepClone().AsObject();
        all["active"] = active;
        return all;
    }

    private static string Put(JsonObject others)
    {
        var body = JsonNode.Parse(Requests.NewUser("ann@example.com", ""","externalId":"1","active":false"""))!.AsObject();
        foreach (var (name, value) in others)
            body[name] = value?.DeepClone();
        return body.ToJsonString();
    }

    private static async Task<Answer> Bulk(HttpClient client, string method, string id, string data)
    {
        var answer = await client.Post(
            "Bulk", $$"""{"Operations":[{"method":"{{method}}","path":"/Users/{{id}}","data":{{data}} }]}""");
        var status = (string?)answer["Operations"]?[0]?["status"] ?? "500";
        return answer with { Status = (HttpStatusCode)int.Parse(status, System.Globalization.CultureInfo.InvariantCulture) };
    }

    private static string Join(params string[] operations) =>
        string.Join(',', operations.Where(operation => operation != ""));
}
