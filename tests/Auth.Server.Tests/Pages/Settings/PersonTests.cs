using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Audit;
using Auth.Server.Credentials;
using Microsoft.EntityFrameworkCore;
using Shared.Contracts;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace Auth.Server.Tests.Pages.Settings;

/// <summary>The page of one person.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class PersonTests
{
    private static readonly Guid jane = Guid.CreateVersion7();
    private static readonly string address = $"/settings/user-management/{jane}";

    private AuthServer server = null!;
    private WireMockServer scim = null!;
    private Browser browser = null!;
    private Guid set;

    [SetUp]
    public async Task Start()
    {
        scim = WireMockServer.Start();
        server = await AuthServer.Start($"--Auth:ScimApiUrl={scim.Url}");
        var account = await server.CreateAccount(settings: new AccountChange(ScimEnabled: true));
        await server.CreateAdministrator(account);
        set = (await server.Generate(account)).Set.Id;
        await server.WithDatabase(db => db.CredentialSets.ExecuteUpdateAsync(change => change
            .SetProperty(one => one.LastUse!.At, server.Time.GetUtcNow().UtcDateTime)
            .SetProperty(one => one.LastUse!.UserAgent, "Okta SCIM Client 1.0.0")));
        browser = await Browser.SignedIn(server);
        Answer(Jane(active: true));
        scim.Given(Request.Create().WithPath("/portal/events").UsingGet()).RespondWith(Json(Events()));
    }

    [TearDown]
    public async Task Stop()
    {
        browser.Dispose();
        await server.DisposeAsync();
        scim.Dispose();
    }

    [Test]
    public async Task A_person_has_attributes_with_who_set_them_and_a_timeline()
    {
        var page = await browser.Open(address);

        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That(page.Headings[0], Is.EqualTo("Jane Doe"));
        Assert.That(page.Document.QuerySelectorAll("tbody tr").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "title CTO Okta 3 May 2026, 10:00 UTC",
            "displayName Jane Doe SciLeads, from first and last name –",
            "emails jane@example.com (work, primary) j@home.example (home) SciLeads, from userName –",
            "active true ada@example.com 3 May 2026, 10:00 UTC",
            "nickName J not in the log any more –",
        }));
        Assert.That(page.Document.QuerySelectorAll(".timeline li").Select(Page.TextOf), Is.EqualTo(new[]
        {
            "3 May 2026, 10:00 UTC ada@example.com deactivated this person. left",
            "3 May 2026, 10:00 UTC Okta was refused when it tried to create this person. No seat is left.",
            "3 May 2026, 10:00 UTC Okta created this person.",
            "3 May 2026, 10:00 UTC Okta changed title, department.",
            "3 May 2026, 10:00 UTC SciLeads deleted this person.",
        }));
        Assert.That(page.Text, Does.Contain("Okta will set this again the next time it updates Jane Doe."));
    }

    [Test]
    public async Task A_person_is_deactivated_with_a_reason_and_a_stale_page_reports_nothing_it_did_not_do()
    {
        var patch = Request.Create().WithPath($"/portal/users/{jane}").UsingPatch();
        scim.Given(patch).InScenario("tabs").WillSetStateTo("inactive").RespondWith(Json(
            new PortalUserChange { Email = "jane@example.com", Changed = true }));
        scim.Given(patch).InScenario("tabs").WhenStateIs("inactive").RespondWith(Json(
            new PortalUserChange { Email = "jane@example.com", Changed = false }));
        var page = await browser.Open(address);

        var without = await browser.Submit(page, "Deactivate", ("Reason", " "));
        Assert.That(without.Status, Is.EqualTo(400));
        Assert.That(without.Text, Does.Contain("Give a reason of 1 to 200 characters."));
        Assert.That(await LastEntry(), Is.EqualTo((AuditAction.SignIn, AuditOutcome.Done, (string?)null)));

        var done = await browser.Submit(page, "Deactivate", ("Reason", "left"));
        Answer(Jane(active: false));
        Assert.That(done.Location, Is.EqualTo(address));
        Assert.That((await browser.Follow(done)).Text, Does.Contain("jane@example.com was deactivated."));
        Assert.That(
            await LastEntry(), Is.EqualTo((AuditAction.DeactivatePerson, AuditOutcome.Done, (string?)"Reason: left")));
        Assert.That(
            Page.TextOf((await browser.Open("/settings/audit-log")).Document.QuerySelector("tbody th")!),
            Is.EqualTo("ada@example.com deactivated jane@example.com. Reason: left Show this person"));
        var body = scim.LogEntries.Last(entry => entry.RequestMessage!.Method == "PATCH").RequestMessage!.Body!;
        Assert.That(
            JsonSerializer.Deserialize<PortalUserActivation>(body),
            Is.EqualTo(new PortalUserActivation { Active = false, Reason = "left" }));

        var again = await browser.Submit(page, "Deactivate", ("Reason", "left"));
        const string nothing = "jane@example.com is already inactive. Nothing was changed.";
        Assert.That(again.Status, Is.EqualTo(409));
        Assert.That(again.Text, Does.Contain(nothing).And.Not.Contain("was deactivated"));
        Assert.That(
            await LastEntry(), Is.EqualTo((AuditAction.DeactivatePerson, AuditOutcome.Refused, (string?)nothing)));
        Assert.That(again.FormWith("Reactivate").Form, Is.Not.Null, "The page shows the person as they are now.");
    }

    [TestCase(403, "No seat of portal is left.", 403)]
    [TestCase(500, "A fault.", 503)]
    public async Task A_refusal_is_shown_and_the_reason_is_kept(int status, string detail, int shown)
    {
        Answer(Jane(active: false));
        scim.Given(Request.Create().WithPath($"/portal/users/{jane}").UsingPatch()).RespondWith(
            Response.Create().WithStatusCode(status).WithBodyAsJson(new { detail }));

        var refused = await browser.Submit(await browser.Open(address), "Reactivate", ("Reason", "is back"));

        Assert.That(refused.Status, Is.EqualTo(shown));
        Assert.That(refused.Text, Does.Contain(detail).And.Contain("Jane Doe"));
        Assert.That(refused.Field("Reason"), Is.EqualTo("is back"));
    }

    [Test]
    public async Task A_person_who_does_not_exist_is_not_found()
    {
        var page = await browser.Open($"/settings/user-management/{Guid.CreateVersion7()}");
        Assert.That(page.Status, Is.EqualTo(404));
        Assert.That(page.Text, Does.Contain("There is no such person. They may have been deleted"));
    }

    private void Answer(PortalUserDetails details) => scim
        .Given(Request.Create().WithPath($"/portal/users/{jane}").UsingGet()).AtPriority(details.User.Active ? 2 : 1)
        .RespondWith(Json(details));

    private static IResponseBuilder Json<T>(T body) => Response.Create()
        .WithHeader("Content-Type", "application/json").WithBody(JsonSerializer.Serialize(body));

    private Task<(AuditAction, AuditOutcome, string?)> LastEntry() => server.WithDatabase(async db =>
    {
        var entry = await db.AuditEntries.AsNoTracking().OrderBy(entry => entry.Id).LastAsync();
        return (entry.Action, entry.Outcome, entry.Detail);
    });

    private static DateTime Then => new(2026, 5, 3, 10, 0, 0, DateTimeKind.Utc);

    private PortalUserDetails Jane(bool active) => new()
    {
        User = new()
        {
            Id = jane,
            Email = "jane@example.com",
            DisplayName = "Jane Doe",
            Active = active,
            Licences = [],
            Source = UserSources.Scim,
            LastModified = Then,
        },
        Created = Then,
        Attributes =
        [
            new() { Name = "title", Values = ["CTO"], ChangedAt = Then, CredentialSet = set },
            new() { Name = "displayName", Values = ["Jane Doe"], DerivedFrom = "name" },
            new()
            {
                Name = "emails",
                Values = ["jane@example.com (work, primary)", "j@home.example (home)"],
                DerivedFrom = "userName",
            },
            new() { Name = "active", Values = ["true"], ChangedAt = Then, Administrator = "ada@example.com" },
            new() { Name = "nickName", Values = ["J"] },
        ],
    };

    private PortalEvents Events()
    {
        PortalEvent Event(string operation, string outcome, Guid? bySet = null) => new()
        {
            Id = Guid.CreateVersion7(),
            Time = Then,
            Operation = operation,
            Outcome = outcome,
            UserId = jane,
            Status = 200,
            CredentialSet = bySet,
            Changed = [],
            Habits = [],
        };
        return new()
        {
            Events =
            [
                Event("patch", "deactivated") with { Administrator = "ada@example.com", Reason = "left" },
                Event("create", "refused", set) with
                {
                    Reason = "No seat is left.", Cause = RefusalCauses.Seats,
                },
                Event("create", "created", set),
                Event("patch", "updated", set) with
                {
                    Changed = ["title", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"],
                },
                Event("delete", "deleted"),
            ],
        };
    }
}
