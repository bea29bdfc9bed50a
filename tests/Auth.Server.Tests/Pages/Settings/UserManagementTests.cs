using System.Text.Json;
using System.Web;
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
    private static readonly Guid grace = Guid.CreateVersion7();

    [Test]
    public async Task If_Scim_Api_cannot_be_reached_the_page_says_so_and_the_rest_of_it_works()
    {
        await using var server = await AuthServer.Start();
        await server.CreateAdministrator(await server.CreateAccount(settings: Settings()));
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open(Address);

        Assert.That(page.Status, Is.EqualTo(503));
        Assert.That(page.Text, Does.StartWith("Settings User Management"));
        Assert.That(page.Text, Does.Contain("cannot be reached right now").And.Contain("portal 100 seats")
            .And.Contain("example.com").And.Contain("Add user"));
        var added = await browser.Submit(page, "Add user", ("Email", "bob@example.com"), ("FirstName", "Bob"));
        Assert.That(added.Status, Is.EqualTo(503));
        Assert.That(added.Field("Email"), Is.EqualTo("bob@example.com"));
        Assert.That(added.Field("First Name"), Is.EqualTo("Bob"));
    }

    [Test]
    public async Task People_are_listed_with_the_guides_columns_their_licences_and_their_source()
    {
        using var scim = ScimApi();
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);

        var page = await browser.Open(Address);

        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That(page.Headings, Does.Contain("User Management"));
        Assert.That(page.Document.QuerySelectorAll("thead th").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "Email", "First Name", "Last Name", "Display Name", "Active Status", "External ID", "Licences", "Source",
            "Action",
        }));
        Assert.That(page.Document.QuerySelectorAll("tbody tr").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "ada@example.com Ada <Lovelace> Ada Lovelace Active 00u1 portal SCIM History Deactivate",
            "grace@example.com – – – Inactive – – SciLeads History Reactivate",
        }));
        Assert.That(page.Html, Does.Not.Contain("<Lovelace>"));
        Assert.That(page.Text, Does.Contain("portal 98 of 100 used, 2 free").And.Contain("example.com"));
    }

    [Test]
    public async Task Search_and_page_are_requested_from_Scim_Api_with_the_administrators_token()
    {
        using var scim = ScimApi();
        await using var server = await Server(scim);
        using var introspection = await ResourceServer.Register(server);
        using var browser = await Browser.SignedIn(server);

        var found = await browser.Submit(await browser.Open(Address), "Search", ("search", "a & b"));
        var next = found.Document.QuerySelector("a[rel=next]")!.GetAttribute("href")!;
        await browser.Open(next);

        Assert.That(found.Text, Does.Contain("1–2 of 5"));
        var asked = scim.LogEntries.Select(entry => entry.RequestMessage!).ToList();
        Assert.That(
            asked.Select(request => HttpUtility.ParseQueryString(new Uri(request.Url).Query))
                .Select(query => (query["search"] ?? "", query["page"])),
            Is.EqualTo(new[] { ("", "1"), ("a & b", "1"), ("a & b", "2") }));
        var token = await introspection.Introspect(asked[^1].Headers!["Authorization"][0]["Bearer ".Length..]);
        Assert.That(token.Act!.Email, Is.EqualTo("ada@example.com"));
        Assert.That(token.Scope!.Split(' '), Does.Contain(Scopes.Portal));
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

    [Test]
    public async Task A_person_is_reactivated_by_hand_and_a_refusal_is_shown()
    {
        using var scim = ScimApi();
        var patch = Request.Create().WithPath($"/scim/v2/Users/{grace}").UsingPatch();
        scim.Given(patch).InScenario("seats").WillSetStateTo("full").RespondWith(Response.Create().WithStatusCode(204));
        scim.Given(patch).InScenario("seats").WhenStateIs("full").RespondWith(
            Response.Create().WithStatusCode(403).WithBodyAsJson(new { detail = "No seat of portal is left." }));
        await using var server = await Server(scim);
        using var browser = await Browser.SignedIn(server);
        var page = await browser.Open($"{Address}?search=e&page=1");

        var done = await browser.Submit(page, "Reactivate grace@example.com");
        Assert.That(done.Location, Is.EqualTo($"{Address}?search=e"));
        Assert.That((await browser.Follow(done)).Text, Does.Contain("grace@example.com was reactivated."));
        Assert.That(await LastEntry(server), Is.EqualTo((AuditAction.ReactivatePerson, AuditOutcome.Done, $"{grace}")));
        var refused = await browser.Submit(page, "Reactivate grace@example.com");

        Assert.That(refused.Status, Is.EqualTo(403));
        Assert.That(refused.Text, Does.Contain("No seat of portal is left.").And.Contain("ada@example.com"));
        var body = scim.LogEntries.First(entry => entry.RequestMessage!.Method == "PATCH").RequestMessage!.Body!;
        var operation = JsonDocument.Parse(body).RootElement.GetProperty("Operations")[0];
        Assert.That(operation.GetProperty("path").GetString(), Is.EqualTo("active"));
        Assert.That(operation.GetProperty("value").GetBoolean(), Is.True);
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

    /// <summary>A fake Scim.Api, with two of five people on a page.</summary>
    private static WireMockServer ScimApi()
    {
        var scim = WireMockServer.Start();
        var people = new PortalUsers
        {
            Total = 5,
            Page = 1,
            PageSize = 2,
            Users =
            [
                new()
                {
                    Id = Guid.CreateVersion7(),
                    Email = "ada@example.com",
                    FirstName = "Ada",
                    LastName = "<Lovelace>",
                    DisplayName = "Ada Lovelace",
                    Active = true,
                    ExternalId = "00u1",
                    Licences = ["portal"],
                    Source = UserSources.Scim,
                },
                new()
                {
                    Id = grace,
                    Email = "grace@example.com",
                    Active = false,
                    Licences = [],
                    Source = UserSources.SciLeads,
                },
            ],
            Seats = [new() { Product = "portal", Seats = 100, Used = 98 }],
        };
        scim.Given(Request.Create().WithPath("/portal/users").UsingGet()).RespondWith(Response.Create()
            .WithHeader("Content-Type", "application/json").WithBody(JsonSerializer.Serialize(people)));
        return scim;
    }
}
