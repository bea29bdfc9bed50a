using System.Net;
using System.Text.Json;
using System.Web;
using Auth.Server.Accounts;
using Auth.Server.Tests.Connect;
using Shared.Contracts;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace Auth.Server.Tests.Pages.Settings;

/// <summary>The provisioning log as an administrator reads it.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class ProvisioningLogTests
{
    private const string Address = "/settings/provisioning-log";
    private static readonly Guid jane = Guid.CreateVersion7();
    private static readonly Guid next = Guid.CreateVersion7();

    [Test]
    public async Task If_Scim_Api_cannot_be_reached_the_page_says_so()
    {
        await using var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount());
        using var browser = await Browser.SignedIn(server);

        foreach (var address in new[] { Address, $"{Address}?handler=Csv" })
        {
            var page = await browser.Open(address);
            Assert.That(page.Status, Is.EqualTo(503));
            Assert.That(page.Text, Does.Contain("Settings Provisioning Log"));
            Assert.That(page.Text, Does.Contain("The provisioning log cannot be reached right now"));
            Assert.That(page.Document.QuerySelector("[role=alert]"), Is.Not.Null);
        }
    }

    [Test]
    public async Task Events_show_what_was_requested_by_whom_the_outcome_and_the_reason()
    {
        using var scim = ScimApi();
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open(Address);

        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That(page.Document.QuerySelectorAll("thead th").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "Time", "Event", "User", "Details", "Status", "By", "Request ID",
        }));
        Assert.That(page.Document.QuerySelectorAll("tbody tr").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "24 Nov 2026, 10:11:12 UTC Creation refused jane@example.com No seat <left> of portal. "
            + "Corrected: capital-op, string-boolean 403 Identity provider r-1",
            "24 Nov 2026, 10:11:11 UTC Deactivated jane@example.com Changed: active, name.givenName, department "
            + "Not applied: userName. The userName x@example.com belongs to another user. 200 ada@example.com –",
            "24 Nov 2026, 10:11:10 UTC Request refused – The filter is wrong. 400 invalidFilter SciLeads –",
        }));
        Assert.That(page.Html, Does.Not.Contain("<left>"));
    }

    [Test]
    public async Task Search_and_pages_are_requested_from_Scim_Api_with_the_administrators_token()
    {
        using var scim = ScimApi();
        await using var server = await Server(scim);
        using var introspection = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);

        var ofJane = (await browser.Open(Address)).Document.QuerySelector("tbody tr td a")!.GetAttribute("href")!;
        var found = await browser.Submit(
            await browser.Open(ofJane), "Search", ("search", " a & b "), ("outcome", "refused"));
        var older = await browser.Open(found.Document.QuerySelector("a[rel=next]")!.GetAttribute("href")!);
        await browser.Open(older.Document.QuerySelector("a[rel=first]")!.GetAttribute("href")!);

        Assert.That(found.Text, Does.Contain("Events of jane@example.com."));
        Assert.That(found.Document.QuerySelector("option[selected]")!.GetAttribute("value"), Is.EqualTo("refused"));
        var asked = scim.LogEntries.Select(entry => entry.RequestMessage!).ToList();
        string[] names = ["search", "outcome", "user", "userName", "before"];
        Assert.That(
            asked.Select(request => HttpUtility.ParseQueryString(new Uri(request.Url).Query))
                .Select(query => string.Join('|', names.Select(name => query[name]))),
            Is.EqualTo(new[]
            {
                "||||",
                $"||{jane}|jane@example.com|",
                $"a & b|refused|{jane}|jane@example.com|",
                $"a & b|refused|{jane}|jane@example.com|{next}",
                $"a & b|refused|{jane}|jane@example.com|",
            }));
        var token = await introspection.Introspect(asked[^1].Headers!["Authorization"][0]["Bearer ".Length..]);
        Assert.That(token.Act!.Email, Is.EqualTo("ada@example.com"));
        Assert.That(token.Scope!.Split(' '), Does.Contain(Scopes.Portal));
    }

    [Test]
    public async Task Scim_Apis_own_error_message_is_shown()
    {
        using var scim = WireMockServer.Start();
        scim.Given(Request.Create().WithPath("/portal/events").UsingGet()).RespondWith(
            Response.Create().WithStatusCode(400).WithBodyAsJson(new { detail = "before must be an id." }));
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open($"{Address}?before=x");

        Assert.That(page.Status, Is.EqualTo(400));
        Assert.That(page.Text, Does.Contain("before must be an id."));
    }

    [TestCase("", null, "There are no events yet.")]
    [TestCase("?search=x", null, "Nothing matches.")]
    [TestCase("?search=x", "more", "among the newest events")]
    public async Task An_empty_page_says_why(string query, string? more, string text)
    {
        using var scim = WireMockServer.Start();
        Answer(scim, new() { Events = [], Next = more is null ? null : next });
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open(Address + query);

        Assert.That(page.Text, Does.Contain(text));
        Assert.That(page.Document.QuerySelector("a[rel=next]") is null, Is.EqualTo(more is null));
    }

    [Test]
    public async Task The_CSV_file_of_the_search_comes_from_Scim_Api()
    {
        using var scim = ScimApi();
        scim.Given(Request.Create().WithPath("/portal/events.csv").UsingGet()).RespondWith(Response.Create()
            .WithHeader("Content-Type", "text/csv; charset=utf-8").WithBody("time,outcome\r\nä,b\r\n"));
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open($"{Address}?search=jane&before={Guid.NewGuid()}");
        var link = page.Document.QuerySelectorAll("a").Single(a => a.TextContent == "Download as CSV");
        var file = await browser.Open(link.GetAttribute("href")!);

        Assert.That(file.Status, Is.EqualTo(200));
        Assert.That(file.Html, Is.EqualTo("time,outcome\r\nä,b\r\n"));
        var asked = new Uri(scim.LogEntries[^1].RequestMessage!.Url);
        Assert.That(asked.PathAndQuery, Is.EqualTo("/portal/events.csv?search=jane"));
    }

    [Test]
    public async Task The_log_requires_a_sign_in()
    {
        await using var server = await AuthServer.Start();
        using var client = server.CreateClient();
        foreach (var address in new[] { Address, $"{Address}?handler=Csv" })
            Assert.That((await client.GetAsync(address)).StatusCode, Is.EqualTo(HttpStatusCode.Redirect));
    }

    private static async Task<AuthServer> Server(WireMockServer scim)
    {
        var server = await AuthServer.Start($"--Auth:ScimApiUrl={scim.Url}");
        await server.CreateAdministrator(await server.CreateAccount(settings: new AccountChange(ScimEnabled: true)));
        return server;
    }

    private static WireMockServer ScimApi()
    {
        var scim = WireMockServer.Start();
        var at = new DateTime(2026, 11, 24, 10, 11, 12, DateTimeKind.Utc);
        Answer(scim, new()
        {
            Events =
            [
                new()
                {
                    Id = Guid.CreateVersion7(),
                    Time = at,
                    CredentialSet = Guid.CreateVersion7(),
                    Operation = ProvisioningOperations.Create,
                    UserId = jane,
                    UserName = "jane@example.com",
                    Outcome = ProvisioningOutcomes.Refused,
                    Status = 403,
                    Reason = "No seat <left> of portal.",
                    Changed = [],
                    Habits = ["capital-op", "string-boolean"],
                    RequestId = "r-1",
                },
                new()
                {
                    Id = Guid.CreateVersion7(),
                    Time = at.AddSeconds(-1),
                    Administrator = "ada@example.com",
                    Operation = ProvisioningOperations.Patch,
                    UserId = jane,
                    UserName = "jane@example.com",
                    Outcome = ProvisioningOutcomes.Deactivated,
                    Status = 200,
                    Changed =
                    [
                        "active", "name.givenName",
                        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
                    ],
                    NotApplied = ["userName"],
                    Reason = "The userName x@example.com belongs to another user.",
                    Habits = [],
                },
                new()
                {
                    Id = Guid.CreateVersion7(),
                    Time = at.AddSeconds(-2),
                    Operation = ProvisioningOperations.Read,
                    Outcome = ProvisioningOutcomes.Refused,
                    Status = 400,
                    ScimType = "invalidFilter",
                    Reason = "The filter is wrong.",
                    Changed = [],
                    Habits = [],
                },
            ],
            Next = next,
        });
        return scim;
    }

    private static void Answer(WireMockServer scim, PortalEvents page) => scim
        .Given(Request.Create().WithPath("/portal/events").UsingGet())
        .RespondWith(Response.Create()
            .WithHeader("Content-Type", "application/json").WithBody(JsonSerializer.Serialize(page)));
}
