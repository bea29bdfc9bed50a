using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Scim.Api.Data;
using Scim.Api.Protocol.Filters;
using Scim.Api.Protocol.Messages;
using Scim.Api.Protocol.Paging;
using Scim.Api.Protocol.Schemas;
using Scim.Api.Provisioning;

namespace Scim.Api.Tests;

/// <summary>
/// A secret that a client puts in a wrong place appears in no response, no provisioning event and no line of the log
/// at any level. SECRET stands for the secret.
/// </summary>
[Parallelizable]
internal sealed class ClientTextTests
{
    private const string Secret = "hunter2-Tr0ub4dor";

    // Each is sent as a filter of a GET, and of both searches by POST.
    private static readonly string[] filters =
    [
        """password eq "SECRET" """, """password eq SECRET""", """password eq 'SECRET'""", """password eq "SECRET""",
        """password "SECRET" """, "password SECRET", "password=SECRET", """password="SECRET" """, """password is "SECRET" """,
        """password eq "SECRET" "SECRET" """, """pin eq "SECRET" """, """urn:x:y:password eq "SECRET" """, """value eq "SECRET" """,
        """urn:ietf:params:scim:schemas:core:2.0:User:password sw "SECRET" """, """PASSWORD EQ "SECRET" AND userName PR""",
        """userName eq "ann" and password eq "SECRET" """, """userName eq "ann" password eq "SECRET" """,
        """not (password eq "SECRET")""", """(password eq "SECRET" """, """password[value eq "SECRET"]""", """password[value eq SECRET]""",
        """emails[password eq "SECRET"]""", """emails[password eq SECRET]""", """emails[type eq "work" and pin eq "SECRET"].value pr""",
        """name.password eq "SECRET" """, """password.value eq "SECRET" """, """password gt "SECRET" """, """password eq {"a":"SECRET"}""",
        """title pr xor password eq "SECRET" """, """password co "\u0000SECRET" """, """token eq "x\"SECRET" """, "1password eq \"SECRET\"",
        """manager[password eq "SECRET"]""", """department[value eq "SECRET"]""", """emails[type eq "work"].password eq "SECRET" """,
        "password:SECRET", "password:SECRET pr", """password:SECRET eq "x" """, "password/SECRET pr", "SECRET=password", "SECRET:password pr",
        "urn:password:SECRET pr", "urn:SECRET:password pr",
        "urn:ietf:params:scim:schemas:core:2.0:User:password:SECRET pr",
        "urn:ietf:params:scim:schemas:core:2.0:User:password:SECRET", "userName password:SECRET",
        "userName password=SECRET",
        """userName eq "ann" and password:SECRET""", "not (password:SECRET)", "emails[password:SECRET pr]", "emails[password=SECRET]",
        """emails[type eq "work"].password:SECRET pr""", "password:SECRET[value pr]", "name.password:SECRET pr", "Bearer:SECRET",
    ];

    private static readonly string[] paths =
    [
        "Users?sortBy=password eq \"SECRET\"", "Users?sortBy=password=SECRET", "Users?sortOrder=\"SECRET\"",
        "Users?sortOrder=password=SECRET",
        "Users?attributes=password,\"SECRET\"", "Users?count=password=SECRET", "Users?startIndex=\"SECRET\"",
        "Users?cursor=SECRET",
        "Users?access_token=SECRET", "Users/nobody?filter=password eq \"SECRET\"",
        "Nothing?filter=password eq \"SECRET\"",
        "Schemas?filter=password eq \"SECRET\"", "Groups?filter=password eq \"SECRET\"", "Users?password=SECRET",
        "Me?filter=password eq \"SECRET\"", "ServiceProviderConfig?filter=password eq \"SECRET\"",
        "Users?sortBy=password:SECRET", "Users?sortBy=urn:password:SECRET", "Users?sortBy=SECRET=password",
        "Users?sortBy=password/SECRET",
        "Users?sortBy=urn:ietf:params:scim:schemas:core:2.0:User:password:SECRET", "Users?sortOrder=SECRET",
        "Users?sortOrder=password:SECRET",
        "Users?startIndex=SECRET", "Users?startIndex=password:SECRET", "Users?count=SECRET",
        "Users?count=password:SECRET",
        "Users?sortBy=userName&sortOrder=SECRET=descending", "Users/password:SECRET", "Groups/password:SECRET",
    ];

    private static readonly string[] operations =
    [
        """{"op":"replace","path":"password[value eq \"SECRET\"]","value":"x"}""", """{"op":"replace","path":"password eq \"SECRET\"","value":"x"}""",
        """{"op":"replace","path":"emails[password eq \"SECRET\"].value","value":"x"}""", """{"op":"remove","path":"emails[pin eq SECRET]"}""",
        """{"op":"replace","path":"password=SECRET","value":"x"}""", """{"op":"replace","path":"nonsense","value":"SECRET"}""",
        """{"op":"replace","path":"password","value":"SECRET"}""", """{"op":"replace","path":"password","value":{"SECRET":1}}""",
        """{"op":"replace","value":{"password":"SECRET","pin":"SECRET","title":"x"}}""", """{"op":"replace","value":{"password":["SECRET"]}}""",
        """{"op":"password=SECRET","path":"title","value":"x"}""", """{"op":"replace","path":"name.pin","value":"SECRET"}""",
        """{"op":"replace","path":"emails[type eq \"work\"].pin","value":"SECRET"}""", """{"op":"remove","path":"password","value":"SECRET"}""",
        """{"op":"SECRET","path":"title","value":"x"}""", """{"op":"password:SECRET","path":"title","value":"x"}""",
        """{"op":"replace","path":"password:SECRET","value":"x"}""", """{"op":"remove","path":"urn:password:SECRET"}""",
        """{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:password:SECRET","value":"x"}""",
        """{"op":"replace","path":"emails[type eq \"work\"].password:SECRET","value":"x"}""", """{"op":"remove","path":"SECRET=password"}""",
        """{"op":"remove","path":"emails[password:SECRET]"}""", """{"op":"replace","path":"password:SECRET[value pr]","value":"x"}""",
        """{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User[password eq \"SECRET\"]","value":"x"}""",
    ];

    private static readonly string[] bodies =
    [
        """{"userName":"ann@example.com","name":{"givenName":"A","familyName":"B","pin":"SECRET"},"password":"SECRET","pin":"SECRET"}""",
        """{"userName":"ann@example.com","password":{"value":"SECRET"},"active":"maybe"}""",
        """{"userName":"ann@example.com","password":"SECRET","emails":[{"value":"x","password":"SECRET"}]}""",
        """{"userName":"ann@example.com","password":"SECRET",}""",
        """{"userName":"ann@example.com","password:SECRET":1,"password:SECRET":2}""",
    ];

    private static readonly string[] searches =
    [
        """{"filter":{"password":"SECRET"}}""", """{"filter":["SECRET"]}""", """{"sortBy":{"password":"SECRET"}}""",
        """{"count":{"password":"SECRET"}}""", """{"attributes":[{"password":"SECRET"}]}""", """{"attributes":{"password":"SECRET"}}""",
        """{"sortOrder":"password=SECRET"}""", """{"password":"SECRET"}""",
    ];

    [Test]
    public async Task A_misplaced_secret_appears_nowhere()
    {
        await using var server = await ScimServer.Start(logsEverything: true);
        var account = new TestAccount();
        using var client = server.ClientOf(account);
        var id = (await client.CreateUser("bob@example.com", ""","emails":[{"value":"bob@example.com","type":"work"}]""")).Id();

        foreach (var filter in filters.Select(Fill))
        {
            await Send("GET", $"Users?filter={Uri.EscapeDataString(filter)}");
            var search = $$"""{"filter":{{System.Text.Json.JsonSerializer.Serialize(filter)}} }""";
            await Send("POST", "Users/.search", search);
            await Send("POST", ".search", search);
        }
        foreach (var path in paths)
            await Send("GET", Fill(path).Replace(" ", "%20", StringComparison.Ordinal));
        foreach (var operation in operations.Select(Fill))
        {
            await Send("PATCH", $"Users/{id}", $$"""{"Operations":[{{operation}}]}""");
            await Send("POST", "Bulk", Bulk($$"""{"method":"PATCH","path":"/Users/{{id}}","data":{"Operations":[{{operation}}]} }"""));
        }
        foreach (var body in bodies.Select(Fill))
        {
            await Send("POST", "Users", body);
            await Send("PUT", $"Users/{id}", body);
        }
        foreach (var search in searches.Select(Fill))
            await Send("POST", "Users/.search", search);
        foreach (var path in (string[])["/Users?password=SECRET", "/Users/x?password=SECRET", "/Nothing?password=SECRET",
            "password:SECRET", "/password:SECRET", "/Users/password:SECRET", "/Users/SECRET=password",
            "SECRET=password"])
            await Send("POST", "Bulk", Bulk($$"""{"method":"DELETE","path":"{{Fill(path)}}"}"""));
        await Send("POST", "Bulk", Bulk(Fill("""{"method":"password:SECRET","path":"/Users"}""")));

        await using var scope = server.Services.CreateAsyncScope();
        var events = await scope.ServiceProvider.GetRequiredService<ScimDbContext>().EventsOf(account.Id).ToListAsync();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events, Has.Count.GreaterThan(filters.Length), "refusals leave events");
            Assert.That(events.Select(e => e.ToString()), Has.None.Contains(Secret));
            Assert.That(server.Logs.Lines, Has.None.Contains(Secret));
        }

        async Task Send(string method, string path, string? body = null)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path);
            if (body is not null)
                request.Content = new StringContent(body, System.Text.Encoding.UTF8, "application/scim+json");
            using var response = await client.SendAsync(request);
            var told = $"{method} {path} {body}: {await response.Content.ReadAsStringAsync()}";
            Assert.That(await response.Content.ReadAsStringAsync(), Does.Not.Contain(Secret), told);
            Assert.That((int)response.StatusCode, Is.LessThan(500).Or.EqualTo(501), told);
        }
    }

    [TestCase("userName eq \"ann\" and password eq \"x\"", "userName eq \"ann\" and … eq \"…\"")]
    [TestCase("emails[type eq \"work\" and pin eq \"x\"].value eq \"a\"", "emails[type eq \"work\" and … eq \"…\"].value eq \"a\"")]
    [TestCase("value eq \"x\"", "… eq \"…\"", Description = "a part of emails, but not of a user")]
    [TestCase("department eq \"a\" or (MANAGER eq \"b\")", "department eq \"a\" or (MANAGER eq \"b\")")]
    [TestCase("urn:ietf:params:scim:schemas:core:2.0:User:title sw \"a\"", "urn:ietf:params:scim:schemas:core:2.0:User:title sw \"a\"")]
    [TestCase("active eq true and title pr", "active eq true and title pr")]
    [TestCase("password eq \"a\\\"b\" and x", "… eq \"…\" and …")]
    [TestCase("password eq \"a", "… eq \"…\"")]
    [TestCase("name.givenName eq bob", "name.givenName eq bob")]
    public void Names_in_the_schema_are_shown(string text, string shown) =>
        Assert.That(Excerpt.Of(text), Is.EqualTo(shown));

    [Test]
    public void Values_of_a_write_only_attribute_are_not_shown()
    {
        var type = ResourceType.User with
        {
            Extensions = [Schema.Parse("""{"id":"urn:x","name":"X","attributes":[{"name":"pin","type":"integer","mutability":"writeOnly"}]}""")],
        };
        var filter = Assert.Throws<ScimException>(() => BoundFilter.Parse("pin gt \"1234\"", type.Find));
        var body = Assert.Throws<ScimException>(() => DocumentReader.Read(
            type, RequestBody.Parse("""{"userName":"a","urn:x":{"pin":"1234"}}"""u8), new Api.Protocol.ClientQuirks()));
        Assert.That((filter!.Message + body!.Message), Does.Not.Contain("1234").And.Contain("pin"));
    }

    [TestCase("name.given", true)]
    [TestCase("$ref", true)]
    [TestCase("urn:ietf:params:scim:schemas:core:2.0:User:nothing", true)]
    [TestCase("urn:ietf:params:scim:schemas:extension:acme:2.0:User:badge.id", true)]
    [TestCase("urn:okta:scim:schemas:core:1.0:Role", true)]
    [TestCase("password=secret", false)]
    [TestCase("password:secret", false)]
    [TestCase("secret:password", false)]
    [TestCase("urn:password:secret", false)]
    [TestCase("urn:ietf:params:scim:schemas:core:2.0:User:password:secret", false)]
    [TestCase("https://x.example/2.0:User:secret", false)]
    [TestCase("a.b.secret", false)]
    [TestCase("1secret", false)]
    [TestCase("", false)]
    public void A_name_is_shown_if_it_could_be_an_attribute_name(string text, bool isShown)
    {
        Assert.That(Excerpt.OfName(text), Is.EqualTo(isShown ? $"\"{text}\"" : "this word"));
        if (!isShown && text != "" && !AttributePath.TryParse(text, out _))
            Assert.That(
                Assert.Throws<ScimException>(() => Sorting.Read(text, null))!.Message, Does.Contain("not this word"));
    }

    private static string Fill(string text) => text.Replace("SECRET", Secret, StringComparison.Ordinal);

    private static string Bulk(string operation) =>
        $$"""{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[{{operation}}]}""";
}
