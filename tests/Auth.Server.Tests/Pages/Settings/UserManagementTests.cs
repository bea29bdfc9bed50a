using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Tests.Connect;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace Auth.Server.Tests.Pages.Settings;

[Category("AnyDatabase")]
[Category("Slow")]
public sealed class UserManagementTests
{
    private const string Address = "/settings/user-management";
    private static readonly Guid ada = Guid.CreateVersion7();
    private static readonly Guid grace = Guid.CreateVersion7();

    [Test]
    public async Task If_Scim_Api_cannot_be_reached_the_page_says_so_and_the_rest_of_it_works()
    {
        await using var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount(settings: Settings()));
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open(Address);

        Assert.That(page.Status, Is.EqualTo(503));
        Assert.That(page.Text, Does.Contain("Settings User Management"));
        Assert.That(page.Text, Does.Contain("cannot be reached right now").And.Contain("portal 100 seats")
            .And.Contain("example.com").And.Contain("Add user"));
        var added = await browser.Submit(page, "Add user", ("Email", "bob@example.com"), ("FirstName", "Bob"));
        Assert.That(added.Status, Is.EqualTo(503));
        Assert.That(added.Field("Email"), Is.EqualTo("bob@example.com"));
        Assert.That(added.Field("First Name"), Is.EqualTo("Bob"));
    }

    [Test]
    public async Task People_are_listed_in_five_columns()
    {
        using var scim = ScimApi();
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open(Address);

        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That(page.Headings, Does.Contain("User Management"));
        Assert.That(
            page.Document.QuerySelectorAll("thead th").Select(Page.TextOf),
            Is.EqualTo(new[] { "Name, e-mail address", "Status", "Licences", "Source", "Last change" }));
        Assert.That(page.Document.QuerySelectorAll("tbody tr").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "Ada <Lovelace> ada@example.com Active portal Identity provider 3 May 2026, 10:00 UTC",
            "grace@example.com grace@example.com work e-mail: hopper@example.com Inactive by hand – SciLeads "
            + "4 May 2026, 10:00 UTC",
        }));
        Assert.That(page.Html, Does.Not.Contain("<Lovelace>"));
        Assert.That(page.Text, Does.Contain("portal 103 of 100 used, 3 too many").And.Contain("example.com"));
        Assert.That(page.Text, Does.Contain("more than 1,000 people"));
        Assert.That(page.Document.QuerySelector("meter")!.GetAttribute("high"), Is.EqualTo("100"), "red");
        Assert.That(
            page.Document.QuerySelector("tbody th a")!.GetAttribute("href"), Does.StartWith($"{Address}/0"));
    }

    [Test]
    public async Task Search_filters_order_and_page_are_in_the_address_and_sent_to_Scim_Api()
    {
        using var scim = ScimApi();
        await using var server = await Server(scim);
        using var introspection = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open($"{Address}?page=999");
        Assert.That(page.Document.QuerySelectorAll("tbody tr"), Has.Length.EqualTo(2), "An unknown page is the first.");
        foreach (var link in new[] { "Inactive", "portal", "Changed by hand", "Last change", "Next", "Previous", "Last" })
            page = await Click(link);
        Assert.That(
            page.Document.QuerySelectorAll("[aria-current=true]").Select(Page.TextOf),
            Is.EqualTo(new[] { "Inactive", "portal", "Changed by hand" }));
        Assert.That(page.Document.QuerySelector("thead th[aria-sort=descending]")!.TextContent, Is.EqualTo("Last change"));
        page = await browser.Submit(page, "Search", ("search", "a & b"));
        foreach (var link in new[] { "Last change", "portal", "Show everybody", "Newest first" })
            page = await Click(link);

        const string kept = "changed=hand&licence=portal&sort=changed&status=inactive";
        var asked = scim.LogEntries.Select(entry => entry.RequestMessage!).ToList();
        Assert.That(asked.Select(request => Uri.UnescapeDataString(new Uri(request.Url).Query)), Is.EqualTo(new[]
        {
            "?page=999", "?status=inactive", "?licence=portal&status=inactive",
            "?changed=hand&licence=portal&status=inactive", $"?{kept}", $"?after={grace}&{kept}",
            $"?before={ada}&{kept}", "?changed=hand&licence=portal&page=last&sort=changed&status=inactive",
            "?changed=hand&licence=portal&search=a & b&sort=changed&status=inactive",
            "?changed=hand&licence=portal&search=a & b&sort=-changed&status=inactive",
            "?changed=hand&search=a & b&sort=-changed&status=inactive", "?sort=-changed", "",
        }));
        var token = await introspection.Introspect(asked[^1].Headers!["Authorization"][0]["Bearer ".Length..]);
        Assert.That(token.Act!.Email, Is.EqualTo("ada@example.com"));
        Assert.That(token.Scope!.Split(' '), Does.Contain(Scopes.Portal));

        Task<Page> Click(string text) => browser.Open(page.Document.QuerySelectorAll("main a")
            .First(link => Page.TextOf(link) == text).GetAttribute("href")!);
    }

    [TestCase("?after=0193f3b0-0000-7000-8000-000000000000", "There is nobody on this page any more. First page")]
    [TestCase("?search=ann", "No one matches “ann”. Show everybody")]
    [TestCase("?search=jane@example.com", "No one matches “jane@example.com”. Find out why Show everybody")]
    [TestCase("?status=inactive", "No one matches the filters. Show everybody")]
    [TestCase("", "There are no people yet. Add a person above, or assign people in your identity provider.")]
    public async Task An_empty_list_says_why(string query, string text)
    {
        using var scim = WireMockServer.Start();
        scim.Given(Request.Create().WithPath("/portal/users")).RespondWith(Response.Create().WithBodyAsJson(
            new PortalUsers { Total = 0, Users = [], Seats = [], HasPrevious = true }));
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        Assert.That((await browser.Open(Address + query)).Text, Does.Contain(text));
    }

    [Test]
    public async Task A_person_is_added_and_then_shown()
    {
        using var scim = ScimApi();
        scim.Given(Request.Create().WithPath("/portal/users").UsingPost())
            .RespondWith(Response.Create().WithStatusCode(201));
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        var added = await browser.Submit(
            await browser.Open(Address), "Add user",
            ("Email", " grace+1@example.com "), ("FirstName", "Grace"), ("LastName", "Hopper"), ("DisplayName", " "));

        Assert.That(added.Status, Is.EqualTo(302));
        Assert.That(added.Location, Is.EqualTo($"{Address}?search=grace%2B1@example.com"));
        Assert.That((await browser.Follow(added)).Text, Does.Contain("grace+1@example.com was added."));
        Assert.That(
            await LastEntry(server), Is.EqualTo((AuditAction.AddPerson, AuditOutcome.Done, "grace+1@example.com")));
        Assert.That((await browser.Open(Address)).Text, Does.Not.Contain("was added"));
        var body = scim.LogEntries.Single(entry => entry.RequestMessage!.Method == "POST").RequestMessage!.Body!;
        Assert.That(JsonSerializer.Deserialize<NewPortalUser>(body), Is.EqualTo(new NewPortalUser
        {
            Email = "grace+1@example.com",
            FirstName = "Grace",
            LastName = "Hopper",
        }));
    }

    [TestCase(" ", " ", Description = "For people with one name: a single space is a name in SCIM, too.")]
    [TestCase("", null)]
    [TestCase("Ada ", "Ada ", Description = "Scim.Api trims it, as it does for everybody.")]
    public async Task A_name_reaches_Scim_Api_as_it_was_typed(string typed, string? sent)
    {
        using var scim = ScimApi();
        scim.Given(Request.Create().WithPath("/portal/users").UsingPost())
            .RespondWith(Response.Create().WithStatusCode(201));
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        await browser.Submit(
            await browser.Open(Address), "Add user",
            ("Email", "ada@example.com"), ("FirstName", typed), ("LastName", typed), ("DisplayName", " "));

        var body = scim.LogEntries.Single(entry => entry.RequestMessage!.Method == "POST").RequestMessage!.Body!;
        Assert.That(JsonSerializer.Deserialize<NewPortalUser>(body), Is.EqualTo(new NewPortalUser
        {
            Email = "ada@example.com",
            FirstName = sent,
            LastName = sent,
        }));
    }

    [TestCase(400, "givenName is missing.", 400)]
    [TestCase(403, "No seat of portal is left; there are 100.", 403)]
    [TestCase(409, "Another user of this account has the userName ada@example.com.", 409)]
    [TestCase(401, "The token is not active.", 503)]
    [TestCase(500, "A fault.", 503)]
    public async Task Scim_Apis_own_error_message_is_shown_and_the_input_is_kept(
        int status, string detail, int shown)
    {
        using var scim = ScimApi();
        scim.Given(Request.Create().WithPath("/portal/users").UsingPost())
            .RespondWith(Response.Create().WithStatusCode(status).WithBodyAsJson(new { status = $"{status}", detail }));
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        var refused = await browser.Submit(
            await browser.Open(Address), "Add user", ("Email", "ada@example.com"), ("LastName", "Lovelace"));

        Assert.That(refused.Status, Is.EqualTo(shown));
        Assert.That(refused.Text, Does.Contain(detail).And.Contain("grace@example.com"));
        Assert.That(refused.Field("Email"), Is.EqualTo("ada@example.com"));
        Assert.That(refused.Field("Last Name"), Is.EqualTo("Lovelace"));
    }

    private static AccountChange Settings() => new(
        ScimEnabled: true, Domains: ["example.com"], Licences: new Dictionary<string, int> { ["portal"] = 100 });

    private static async Task<AuthServer> Server(WireMockServer scim)
    {
        var server = await AuthServer.Start($"--Auth:ScimApiUrl={scim.Url}");
        await server.CreateAdministrator(await server.CreateAccount(settings: Settings()));
        return server;
    }

    private static Task<(AuditAction, AuditOutcome, string?)> LastEntry(AuthServer server) =>
        server.WithDatabase(async db =>
    {
        var entry = await db.AuditEntries.AsNoTracking().OrderBy(entry => entry.Id).LastAsync();
        return (entry.Action, entry.Outcome, entry.About);
    });

    /// <summary>A fake Scim.Api, with two of very many people on a page.</summary>
    private static WireMockServer ScimApi()
    {
        var scim = WireMockServer.Start();
        var people = new PortalUsers
        {
            Total = 1000,
            HasMoreThanTotal = true,
            HasPrevious = true,
            HasNext = true,
            Users =
            [
                new()
                {
                    Id = ada,
                    Email = "ada@example.com",
                    FirstName = "Ada",
                    LastName = "<Lovelace>",
                    Active = true,
                    ExternalId = "00u1",
                    Licences = ["portal"],
                    Source = UserSources.Scim,
                    WorkEmail = "Ada@example.com",
                    LastModified = new(2026, 5, 3, 10, 0, 0, DateTimeKind.Utc),
                },
                new()
                {
                    Id = grace,
                    Email = "grace@example.com",
                    Active = false,
                    Licences = [],
                    Source = UserSources.SciLeads,
                    WorkEmail = "hopper@example.com",
                    LastModified = new(2026, 5, 4, 10, 0, 0, DateTimeKind.Utc),
                    ActiveSetByHand = true,
                },
            ],
            Seats = [new() { Product = "portal", Seats = 100, Used = 103 }],
        };
        scim.Given(Request.Create().WithPath("/portal/users").UsingGet()).RespondWith(Response.Create()
            .WithHeader("Content-Type", "application/json").WithBody(JsonSerializer.Serialize(people)));
        return scim;
    }
}
