using System.Net;
using System.Text.Json;
using System.Web;
using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Pages.Settings;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
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
    public async Task A_row_is_a_sentence_and_opens_to_show_what_was_requested_the_rule_and_the_remedy()
    {
        using var scim = ScimApi();
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open(Address);

        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That(page.Document.QuerySelectorAll(".log summary").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "24 November 2026, 10:11 UTC Your identity provider was refused when it tried to create this person. "
            + "+42 more in this minute jane@example.com Refused",
            "24 November 2026, 10:11 UTC ada@example.com deactivated this person. jane@example.com Deactivated",
            "24 November 2026, 10:11 UTC SciLeads was refused when it tried to use the API. – Refused",
        }));
        var details = page.Document.QuerySelectorAll(".log dl").Select(list => string.Join("; ", list.Children.Select(
            fact => $"{Page.TextOf(fact.Children[0])}: {Page.TextOf(fact.Children[1])}")));
        Assert.That(details, Is.EqualTo(new[]
        {
            "Reason: No seat <left> of portal.; Rule: An active person needs a seat of each product that new people "
            + "receive.; What to do: Deactivate somebody who does not need a seat, or ask support@scileads.com for "
            + "more.; Requested: Create a person (POST); Corrected: capital-op, string-boolean; By: Your identity "
            + "provider; Status: 403; Time: 24 November 2026, 10:11:12.000 UTC; Request ID: r-1",
            "Reason: The userName x@example.com belongs to another user.; Requested: Change attributes of a person "
            + "(PATCH); Changed: active, name.givenName, department; Not applied: userName; By: ada@example.com; "
            + "Status: 200; Time: 24 November 2026, 10:11:11.000 UTC; Request ID: –",
            "Reason: The filter is wrong.; Rule: A request must follow the rules of SCIM and of the account.; "
            + "What to do: Correct the value at your identity provider. It sends it again with the next change.; "
            + "Requested: Read or search; By: SciLeads; Status: 400 invalidFilter; Time: 24 November 2026, "
            + "10:11:10.000 UTC; Request ID: –",
        }));
        Assert.That(page.Html, Does.Not.Contain("<left>"));
    }

    [Test]
    public async Task Filters_and_pages_are_in_the_address_and_sent_to_Scim_Api()
    {
        using var scim = ScimApi();
        await using var server = await Server(scim);
        using var introspection = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);

        var ofJane = (await browser.Open(Address)).Document.QuerySelectorAll(".log a")
            .First(link => link.TextContent == "All events of this person").GetAttribute("href")!;
        var found = await browser.Submit(
            await browser.Open(ofJane), "Search", ("search", " a & b "), ("outcome", "refused"), ("status", "403"),
            ("operation", "create"), ("from", "2026-11-01"), ("to", "2026-11-30"));
        var older = await browser.Open(found.Document.QuerySelector("a[rel=next]")!.GetAttribute("href")!);
        await browser.Open(older.Document.QuerySelector("a[rel=first]")!.GetAttribute("href")!);

        Assert.That(found.Text, Does.Contain("Events of jane@example.com."));
        Assert.That(
            found.Document.QuerySelectorAll("option[selected]").Select(option => option.GetAttribute("value")),
            Is.EqualTo(new[] { "refused", "create" }));
        Assert.That((found.Field("Status"), found.Field("From"), found.Field("To")), Is.EqualTo(
            ("403", "2026-11-01", "2026-11-30")));
        Assert.That(found.Document.QuerySelector("[sse-connect]"), Is.Not.Null);
        Assert.That(older.Document.QuerySelector("[sse-connect]"), Is.Null, "Only the newest events are live.");
        var asked = scim.LogEntries.Select(entry => entry.RequestMessage!).ToList();
        string[] names =
            ["search", "outcome", "status", "operation", "set", "from", "to", "user", "userName", "before"];
        var filtered = $"a & b|refused|403|create||2026-11-01|2026-11-30|{jane}|jane@example.com|";
        Assert.That(
            asked.Select(request => HttpUtility.ParseQueryString(new Uri(request.Url).Query))
                .Select(query => string.Join('|', names.Select(name => query[name]))),
            Is.EqualTo(new[]
            {
                "|||||||||", $"|||||||{jane}|jane@example.com|", filtered, $"{filtered}{next}", filtered,
            }));
        var token = await introspection.Introspect(asked[^1].Headers!["Authorization"][0]["Bearer ".Length..]);
        Assert.That(token.Act!.Email, Is.EqualTo("ada@example.com"));
        Assert.That(token.Scope!.Split(' '), Does.Contain(Scopes.Portal));
    }

    [Test]
    public async Task New_events_are_streamed_until_the_session_ends()
    {
        using var scim = WireMockServer.Start();
        var (first, second) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        foreach (var (after, id) in new[] { (first, second), (second, (Guid?)null) })
        {
            scim.Given(Request.Create().WithPath("/portal/events").WithParam("after", $"{after}")).RespondWith(
                id is { } known
                    ? Response.Create().WithHeader("Content-Type", "application/json")
                        .WithBody(JsonSerializer.Serialize(new PortalEvents { Events = [Created(known)] }))
                    : Response.Create().WithStatusCode(401).WithBodyAsJson(new { detail = "The token has ended." }));
        }
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        using var stream = await browser.OpenStream($"{Address}?handler=Stream&outcome=created&after={first}");
        using var lines = new StreamReader(await stream.Content.ReadAsStreamAsync());
        var message = await ReadMessage(lines);
        // The next question is answered by a refusal, as if the session had ended.
        server.Time.Advance(TimeSpan.FromSeconds(3));
        var rest = await lines.ReadToEndAsync();

        Assert.That(stream.Content.Headers.ContentType!.MediaType, Is.EqualTo("text/event-stream"));
        Assert.That(stream.Headers.GetValues("X-Accel-Buffering"), Is.EqualTo(new[] { "no" }));
        Assert.That(stream.Headers.CacheControl!.NoStore);
        Assert.That(message, Does.StartWith($"id: {second}\nevent: rows\ndata: "));
        Assert.That(message, Does.Contain("created this person.").And.Contain("jane&lt;@example.com"));
        Assert.That(rest.Trim(':', '\n'), Is.Empty);
        var asked = scim.LogEntries.Select(entry => entry.RequestMessage!).ToList();
        Assert.That(asked, Has.All.Property("Url").Contains("outcome=created"));
        Assert.That(
            asked.Select(request => request.Headers!["Authorization"][0]).Distinct().Count(), Is.EqualTo(1),
            "one token for the stream");
    }

    [Test]
    public async Task A_stream_ends_when_the_server_stops_and_is_no_use_of_the_session()
    {
        using var scim = WireMockServer.Start();
        Answer(scim, new() { Events = [] });
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);
        var used = await LastUsed();
        server.Time.Advance(TimeSpan.FromMinutes(5));

        using var stream = await browser.OpenStream($"{Address}?handler=Stream&after={Guid.Empty}");
        using var lines = new StreamReader(await stream.Content.ReadAsStreamAsync());
        Assert.That(await lines.ReadLineAsync(), Is.EqualTo(": open"));
        Assert.That(await LastUsed(), Is.EqualTo(used));
        server.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        Assert.That(async () => await lines.ReadToEndAsync(), Throws.Nothing);

        Task<DateTime> LastUsed() => server.WithDatabase(
            db => db.Set<AdministratorSession>().Select(session => session.LastUsedAt).SingleAsync());
    }

    [Test]
    public void The_streams_of_an_account_are_limited()
    {
        var events = new LiveEvents();
        var account = Guid.NewGuid();
        var open = Enumerable.Range(0, LiveEvents.MaxStreams).Select(_ => events.TryOpen(account)).ToList();
        Assert.That(open, Has.None.Null);
        Assert.That(events.TryOpen(account), Is.Null);
        Assert.That(events.TryOpen(Guid.NewGuid()), Is.Not.Null, "Another account has its own.");
        open[0]!.Dispose();
        open[0]!.Dispose();
        Assert.That(events.TryOpen(account), Is.Not.Null);
        Assert.That(events.TryOpen(account), Is.Null);
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

    /// <summary>The next message of a stream, without comments.</summary>
    private static async Task<string> ReadMessage(StreamReader lines)
    {
        var message = new List<string>();
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line.Length == 0 && message.Count > 0)
                break;
            if (line.Length > 0 && line[0] != ':')
                message.Add(line);
        }
        return string.Join('\n', message);
    }

    private static PortalEvent Created(Guid id) => new()
    {
        Id = id,
        Time = new(2026, 11, 24, 10, 11, 12, DateTimeKind.Utc),
        Operation = ProvisioningOperations.Create,
        Outcome = ProvisioningOutcomes.Created,
        UserName = "jane<@example.com",
        Status = 201,
        Changed = [],
        Habits = [],
    };

    private static async Task<AuthServer> Server(WireMockServer scim)
    {
        var server = await AuthServer.Start($"--Auth:ScimApiUrl={scim.Url}");
        await server.CreateAdministrator(await server.CreateAccount(settings: new AccountChange(ScimEnabled: true)));
        return server;
    }

    private static WireMockServer ScimApi()
    {
        var scim = WireMockServer.Start();
        var (at, set) = (new DateTime(2026, 11, 24, 10, 11, 12, DateTimeKind.Utc), Guid.CreateVersion7());
        Answer(scim, new()
        {
            Events =
            [
                new()
                {
                    Id = Guid.CreateVersion7(),
                    Time = at,
                    CredentialSet = set,
                    Operation = ProvisioningOperations.Create,
                    UserId = jane,
                    UserName = "jane@example.com",
                    Outcome = ProvisioningOutcomes.Refused,
                    Status = 403,
                    Cause = RefusalCauses.Seats,
                    Reason = "No seat <left> of portal.",
                    Changed = [],
                    Habits = ["capital-op", "string-boolean"],
                    RequestId = "r-1",
                    Repeats = 40,
                },
                new()
                {
                    Id = Guid.CreateVersion7(),
                    Time = at.AddMilliseconds(-500),
                    CredentialSet = set,
                    Operation = ProvisioningOperations.Create,
                    UserId = jane,
                    UserName = "jane@example.com",
                    Outcome = ProvisioningOutcomes.Refused,
                    Status = 403,
                    Cause = RefusalCauses.Seats,
                    Reason = "No seat <left> of portal.",
                    Changed = [],
                    Habits = ["capital-op", "string-boolean"],
                    RequestId = "r-0",
                    Repeats = 1,
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
                    Cause = RefusalCauses.Invalid,
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
