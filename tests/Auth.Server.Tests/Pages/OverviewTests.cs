using System.Globalization;
using System.Text.Json;
using Auth.Server.Accounts;
using Auth.Server.Credentials;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Query;
using Shared.Contracts;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace Auth.Server.Tests.Pages;

/// <summary>One sentence, four tiles and, until somebody is provisioned, the guide's checklist.</summary>
[Category("AnyDatabase")]
[Category("Slow")]
public sealed class OverviewTests
{
    private const string Okta = "Okta SCIM Client 1.0.0";

    private AuthServer server = null!;
    private WireMockServer scim = null!;
    private int accounts;

    [OneTimeSetUp]
    public async Task Start()
    {
        scim = WireMockServer.Start();
        server = await AuthServer.Start($"--Auth:ScimApiUrl={scim.Url}");
    }

    [OneTimeTearDown]
    public async Task Stop()
    {
        await server.DisposeAsync();
        scim.Dispose();
    }

    [SetUp]
    public void Answer() => Answer(Figures());

    [TestCase(41, 3, "good", "41 people changed today, 3 requests refused.")]
    [TestCase(1, 1, "good", "1 person changed today, 1 request refused.")]
    [TestCase(1234, 0, "good", "1,234 people changed today, nothing refused.")]
    [TestCase(0, 0, "good", "nobody changed today, nothing refused.")]
    [TestCase(0, 5, "warning", "nobody changed today, 5 requests refused.")]
    public async Task The_first_sentence_says_that_provisioning_works_and_what_happened_today(
        int people, int refusals, string tone, string today)
    {
        var (account, browser) = await SignIn();
        using var _ = browser;
        await server.Generate(account);
        var called = await Use(account, TimeSpan.FromMinutes(-2));
        Answer(Figures(people: people, refusals: refusals));

        var headline = (await browser.Open("/")).Document.QuerySelector(".headline")!;

        Assert.That(headline.ClassList, Does.Contain(tone));
        Assert.That(Page.TextOf(headline), Is.EqualTo(
            $"Okta is connected. Last call {Auth.Server.Pages.Portal.FormatTime(called)}, {today}"));
        Assert.That(headline.QuerySelector("time")!.HasAttribute("data-relative"));
    }

    [Test]
    public async Task If_too_much_happened_to_count_it_the_sentence_says_so()
    {
        var (account, browser) = await SignIn();
        using var _ = browser;
        await server.Generate(account);
        await Use(account, TimeSpan.FromMinutes(-2));
        Answer(Figures(people: 9000, refusals: 1000, hasMore: true));

        var page = await browser.Open("/");

        Assert.That(page.Text, Does.Contain("at least 9,000 people changed today, at least 1,000 requests refused."));
        Assert.That(page.Document.QuerySelector("tbody tr")!.TextContent, Does.Contain("at least 12"));
    }

    [Test]
    public async Task A_call_counts_before_the_use_of_the_credentials_is_saved()
    {
        var (account, browser) = await SignIn();
        using var _ = browser;
        var set = (await server.Generate(account)).Set;
        Answer(Figures() with { HasProvisioned = false, LastCall = Call(Guid.CreateVersion7()) });
        var before = await browser.Open("/");
        Answer(Figures() with { HasProvisioned = false, LastCall = Call(set.Id) });
        var after = await browser.Open("/");

        Assert.That(before.Text, Does.Contain("Your identity provider has never called with the current credentials."));
        Assert.That(
            Page.TextOf(after.Document.QuerySelector(".headline")!),
            Does.StartWith("Your identity provider is connected. Last call"));
        Assert.That(
            new[] { before, after }.Select(page => page.Document.QuerySelectorAll("#setup ~ ol > .done").Length),
            Is.EqualTo(new[] { 3, 4 }));

        PortalEvent Call(Guid credentialSet) => new()
        {
            Id = Guid.CreateVersion7(),
            Time = server.Time.GetUtcNow().UtcDateTime,
            CredentialSet = credentialSet,
            Operation = ProvisioningOperations.Create,
            Outcome = ProvisioningOutcomes.Refused,
            Status = 400,
            Changed = [],
            Habits = [],
        };
    }

    [TestCase("disabled", "error", "Provisioning does not work. SCIM is not enabled for this account.",
        "mailto:support@scileads.com")]
    [TestCase("suspended", "error", "Provisioning does not work. The account is suspended: all requests are refused.",
        "mailto:support@scileads.com")]
    [TestCase("no credentials", "warning", "Provisioning is not set up yet. No credentials have been generated yet.",
        "/scim-credentials")]
    [TestCase("revoked", "error", "Provisioning does not work. There are no active credentials: ada ended the last",
        "/scim-credentials")]
    [TestCase("expired", "error", "Provisioning does not work. The credentials expired on ",
        "/scim-credentials")]
    [TestCase("never called", "warning", "Provisioning is not set up yet. Your identity provider has never called with "
        + "the current credentials.", "/scim-credentials")]
    [TestCase("silent", "warning", "Provisioning may not work. Okta last called 8 days ago.", "/scim-credentials")]
    [TestCase("old secret", "error", "Provisioning does not work. Okta still uses the credentials that were replaced",
        "/scim-credentials")]
    [TestCase("seats full", "warning", "Okta is connected, but new people are refused. No seat of portal is left: 3 of "
        + "3 are taken.", "/settings/user-management#seats")]
    public async Task The_first_sentence_says_what_is_wrong_and_leads_to_where_to_fix_it(
        string state, string tone, string text, string link)
    {
        var (account, browser) = await SignIn();
        using var _ = browser;
        await Arrange(state, account);

        var page = await browser.Open("/");

        var headline = page.Document.QuerySelector(".headline")!;
        Assert.That(page.Status, Is.EqualTo(200));
        Assert.That(Page.TextOf(headline), Does.StartWith(text));
        Assert.That(headline.ClassList, Does.Contain(tone));
        Assert.That(headline.QuerySelector("a")!.GetAttribute("href"), Is.EqualTo(link));
        Assert.That(page.Text, Does.Not.Contain("is connected. Last call"));
        Assert.That(page.Document.QuerySelectorAll(".badge.good"), state is "no credentials" or "revoked" or "expired"
            ? Is.Empty
            : Is.Not.Empty);
    }

    [Test]
    public async Task While_Scim_Api_cannot_be_reached_the_page_says_so_and_shows_the_rest()
    {
        var (account, browser) = await SignIn();
        using var _ = browser;
        var issued = await server.Generate(account);
        await Use(account, TimeSpan.FromMinutes(-2));
        foreach (var answer in new[]
        {
            Response.Create().WithStatusCode(500),
            Response.Create().WithHeader("Content-Type", "application/json").WithBody("<html>a proxy</html>"),
        })
        {
            scim.Reset();
            scim.Given(Request.Create().WithPath("/*")).RespondWith(answer);

            var page = await browser.Open("/");

            Assert.That(page.Status, Is.EqualTo(200));
            Assert.That(scim.LogEntries, Has.Count.EqualTo(1), "The page does not wait for a second attempt.");
            Assert.That(
                Page.TextOf(page.Document.QuerySelector(".headline")!),
                Does.StartWith("Provisioning may not work. The server that provisions people"));
            Assert.That(Tile(page, "credentials"), Does.Contain($"ends in {issued.Set.LastFour}"));
            Assert.That(Tile(page, "seats"), Does.Contain("portal 3 seats"));
            Assert.That(Tile(page, "refusals"), Does.Contain("The server that provisions people"));
            Assert.That(Tile(page, "activity"), Does.Contain("The server that provisions people"));
            Assert.That(page.Document.QuerySelector("#setup"), Is.Null, "it was connected before");
        }
    }

    [Test]
    public async Task The_credentials_are_shown_with_method_and_days_left()
    {
        var (account, browser) = await SignIn();
        using var _ = browser;
        Assert.That(Tile(await browser.Open("/"), "credentials"), Does.StartWith("Credentials None yet There are no"));

        var issued = await server.Generate(account);
        var days = Math.Ceiling((issued.Set.ExpiresAt!.Value - server.Time.GetUtcNow().UtcDateTime).TotalDays);
        Assert.That(Tile(await browser.Open("/"), "credentials"), Does.StartWith($"Credentials {days} days left")
            .And.Contain("Direct JWT Token").And.Contain("by a test"));

        issued = await server.Generate(account, CredentialMethods.OAuth2);
        var page = await browser.Open("/");
        Assert.That(Tile(page, "credentials"), Does.StartWith("Credentials Do not expire")
            .And.Contain("OAuth 2.0 Flow").And.Contain(issued.Set.ClientId!)
            .And.Contain($"ends in {issued.ClientSecret![^4..]}"));
        Assert.That(page.Headings[0], Is.EqualTo(account.Name));
        Assert.That(page.Html, Does.Not.Contain(issued.ClientSecret));
    }

    [TestCase(1, 3, null, "2 free")]
    [TestCase(9, 10, "warning", "1 free")]
    [TestCase(3, 3, "warning", "0 free")]
    [TestCase(5, 3, "error", "2 too many")]
    public async Task Seats_are_amber_from_90_percent_and_red_above_the_limit(
        int used, int seats, string? tone, string left)
    {
        var (_, browser) = await SignIn();
        using var __ = browser;
        Answer(Figures(seats: new() { Product = "portal", Seats = seats, Used = used }));

        var page = await browser.Open("/");

        var badge = page.Document.QuerySelector(".seats .badge");
        Assert.That(Tile(page, "seats"), Does.Contain($"portal {used} of {seats} used, {left}"));
        Assert.That(badge?.ClassName, Is.EqualTo(tone is null ? null : $"badge {tone}"));
        var meter = page.Document.QuerySelector("meter")!;
        Assert.That((Number("optimum"), Number("max") > used), Is.EqualTo((0.0, true)));
        Assert.That(
            used > Number("high") ? "error" : used > Number("low") ? "warning" : null, Is.EqualTo(tone),
            "Browsers show it green up to low, amber up to high, and red above.");

        double Number(string name) => double.Parse(meter.GetAttribute(name)!, CultureInfo.InvariantCulture);
    }

    [Test]
    public async Task Refusals_are_grouped_by_cause_and_each_leads_to_where_to_fix_it()
    {
        var (_, browser) = await SignIn();
        using var __ = browser;
        var at = server.Time.GetUtcNow().UtcDateTime.AddHours(-1);
        Assert.That(Tile(await browser.Open("/"), "refusals"), Does.EndWith("Nothing was refused."));
        Answer(Figures() with
        {
            HasMoreRefusals = true,
            Refusals =
            [
                new() { Cause = RefusalCauses.RateLimit, Count = 1041, Last = at },
                new() { Cause = RefusalCauses.Seats, Count = 12, Last = at },
                new() { Cause = RefusalCauses.Conflict, Count = 2, Last = at, UserName = "jane+1@example.com" },
            ],
        });

        var page = await browser.Open("/");

        var rows = page.Document.QuerySelectorAll(".refusals li");
        Assert.That(rows.Select(Page.TextOf), Is.EqualTo(new[]
        {
            "1,041 refused: An account may send a limited number of requests per second. Nothing: your identity "
            + $"provider sends the request again. Last: {Auth.Server.Pages.Portal.FormatTime(at)} Show",
            "12 refused: An active person needs a seat of each product that new people receive. Deactivate somebody "
            + "who does not need a seat, or ask support@scileads.com for more. Last: "
            + $"{Auth.Server.Pages.Portal.FormatTime(at)} Fix",
            "2 refused: No two people have the same user name or work e-mail address. Look for the person who has it "
            + $"already. Last: {Auth.Server.Pages.Portal.FormatTime(at)} Fix",
        }));
        Assert.That(rows.Select(row => row.QuerySelector("a")!.GetAttribute("href")), Is.EqualTo(new[]
        {
            "/settings/provisioning-log", "/settings/user-management#seats",
            "/settings/user-management?search=jane%2B1%40example.com",
        }));
        Assert.That(
            rows[1].QuerySelector("a")!.GetAttribute("aria-label"), Does.StartWith("Fix: An active person needs"));
        Assert.That(Tile(page, "refusals"), Does.Contain("Only the newest ones are counted"));
    }

    [Test]
    public async Task The_chart_shows_14_days_and_is_a_table_for_those_who_cannot_see_it()
    {
        var (_, browser) = await SignIn();
        using var __ = browser;
        Answer(Figures() with { Days = Days((3, 50, 0), (13, 1, 2000)) });

        var page = await browser.Open("/");

        var chart = page.Document.QuerySelector("svg.chart")!;
        var names = chart.GetAttribute("aria-labelledby")!.Split(' ')
            .Select(id => Page.TextOf(page.Document.GetElementById(id)!));
        Assert.That(string.Join(". ", names), Is.EqualTo(
            "Changes and refused requests per day. 51 changes and 2,000 refused requests in 14 days. Most changes came "
            + "on 18 November: 50."));
        Assert.That(chart.GetAttribute("role"), Is.EqualTo("img"));
        Assert.That(chart.QuerySelectorAll("g"), Has.Length.EqualTo(14));
        Assert.That(
            chart.QuerySelectorAll("rect").Select(bar => $"{bar.ClassName} {bar.GetAttribute("height")}"),
            Is.EqualTo(new[] { "changed 2", "changed 2", "refused 110" }), "even the smallest can be seen");
        Assert.That(
            Page.TextOf(chart.QuerySelectorAll("g")[13]), Does.StartWith("28 November: 1 changed, 2,000 refused"));
        Assert.That(page.Document.QuerySelectorAll("#activity ~ details tbody tr").Select(Page.TextOf).First(),
            Is.EqualTo("28 November 1 2,000"));
        Assert.That(page.Document.QuerySelectorAll("tbody tr"), Has.Length.EqualTo(14));
        Assert.That(Tile(page, "activity"), Does.Contain("Days are in UTC."));

        Answer(Figures() with { Days = Days() });
        page = await browser.Open("/");
        Assert.That(page.Document.QuerySelector("svg.chart"), Is.Null);
        Assert.That(Tile(page, "activity"), Does.Contain("Nothing has happened."));
    }

    [Test]
    public async Task The_guides_steps_tick_themselves_off_and_disappear_when_somebody_is_provisioned()
    {
        var (account, browser) = await SignIn();
        using var _ = browser;
        var figures = Figures() with { HasProvisioned = false, HasRequested = false };

        Answer(figures);
        Assert.That(await Steps(), Is.EqualTo(new[] { "", "", "", "", "" }));
        await server.Generate(account);
        Assert.That(await Steps(), Is.EqualTo(new[] { "done", "", "", "", "" }));
        await Use(account, TimeSpan.FromMinutes(-2));
        Assert.That(await Steps(), Is.EqualTo(new[] { "done", "done", "", "", "" }));
        Answer(figures with
        {
            HasRequested = true,
            Refusals =
            [
                new() { Cause = RefusalCauses.Required, Count = 1, Last = server.Time.GetUtcNow().UtcDateTime },
            ],
        });
        Assert.That(await Steps(), Is.EqualTo(new[] { "done", "done", "done", "problem", "done" }));
        Answer(Figures());
        Assert.That((await browser.Open("/")).Document.QuerySelector("#setup"), Is.Null);

        async Task<IEnumerable<string>> Steps()
        {
            var page = await browser.Open("/");
            var list = page.Document.QuerySelector("#setup ~ ol")!;
            Assert.That(list.GetAttribute("start"), Is.EqualTo("3"));
            Assert.That(
                list.QuerySelectorAll("li > strong").Select(title => Page.TextOf(title).Split(": done")[0]),
                Is.EqualTo(new[]
                {
                    "Generate SCIM API Credentials", "Enable Provisioning in Okta", "Configure Provisioning Settings",
                    "Configure Attribute Mappings", "Assign Users to the Application",
                }));
            return list.Children.Select(step => step.ClassName ?? "");
        }
    }

    [TestCase("disabled")]
    [TestCase("suspended")]
    public async Task There_is_no_checklist_if_nothing_can_be_set_up(string state)
    {
        var (account, browser) = await SignIn();
        using var _ = browser;
        await Arrange(state, account);
        Answer(Figures() with { HasProvisioned = false });
        Assert.That((await browser.Open("/")).Document.QuerySelector("#setup"), Is.Null);
    }

    [TestCase(91, null, null)]
    [TestCase(90, "warning", "in 90 days")]
    [TestCase(15, "warning", "in 15 days")]
    [TestCase(14, "error", "in 14 days")]
    [TestCase(1, "error", "within a day")]
    public async Task The_overview_and_the_credentials_page_warn_before_the_credentials_expire(
        int days, string? tone, string? when)
    {
        var (account, browser) = await SignIn();
        using var _ = browser;
        await server.Generate(account);
        var end = server.Time.GetUtcNow().UtcDateTime.AddDays(days);
        await Change(account, set => set.SetProperty(one => one.ExpiresAt, end));

        foreach (var path in new[] { "/", "/scim-credentials" })
        {
            var notice = (await browser.Open(path)).Document.QuerySelectorAll(".notice")
                .FirstOrDefault(candidate => Page.TextOf(candidate).StartsWith("The current credentials expire"));
            Assert.That(notice?.ClassName, Is.EqualTo(tone is null ? null : $"notice {tone}"), path);
            Assert.That(
                notice is null ? null : Page.TextOf(notice),
                when is null ? Is.Null : Does.Contain($"expire {when}, on"));
        }

        var badge = (await browser.Open("/")).Document.QuerySelector("#credentials + .badge")!;
        Assert.That(badge.ClassName, Is.EqualTo($"badge {tone ?? "good"}"));
        Assert.That(Page.TextOf(badge), Is.EqualTo(days == 1 ? "1 day left" : $"{days} days left"));
    }

    /// <summary>A new account with three seats, and a browser in which its administrator has signed in.</summary>
    private async Task<(Account Account, Browser Browser)> SignIn()
    {
        var number = ++accounts;
        var account = await server.CreateAccount(
            $"Acme {number}",
            new(ScimEnabled: true, Licences: new Dictionary<string, int> { ["portal"] = 3 }));
        await server.CreateAdministrator(account, $"ada{number}@example.com");
        return (account, await Browser.SignedIn(server, $"ada{number}@example.com"));
    }

    private async Task Arrange(string state, Account account)
    {
        if (state is not "no credentials")
            await server.Generate(account);
        if (state is not ("no credentials" or "never called"))
            await Use(account, TimeSpan.FromDays(state == "silent" ? -8 : 0));
        var now = server.Time.GetUtcNow().UtcDateTime;
        switch (state)
        {
            case "expired":
                await Change(account, set => set.SetProperty(one => one.ExpiresAt, now.AddDays(-10)));
                break;
            case "revoked":
                await Change(account, set => set
                    .SetProperty(one => one.State, CredentialSetState.Ended)
                    .SetProperty(one => one.EndReason, CredentialSetEnd.Revoked)
                    .SetProperty(one => one.EndedBy, "ada")
                    .SetProperty(one => one.EndedAt, now));
                break;
            case "old secret":
                await server.Generate(account);
                await server.WithDatabase(db => db.CredentialSets
                    .Where(set => set.AccountId == account.Id && set.State == CredentialSetState.Ended)
                    .ExecuteUpdateAsync(set => set.SetProperty(one => one.LastRefusal!.At, now)));
                break;
            case "seats full":
                Answer(Figures(seats: new() { Product = "portal", Seats = 3, Used = 3 }));
                break;
            case "disabled" or "suspended":
                await server.With<AccountRegister, Account>(register => register.Update(
                    account.Id,
                    state == "disabled" ? new(ScimEnabled: false) : new(Suspended: true),
                    CancellationToken.None));
                break;
        }
    }

    /// <summary>Okta has used the account's credentials.</summary>
    private async Task<DateTime> Use(Account account, TimeSpan when)
    {
        var at = server.Time.GetUtcNow().UtcDateTime + when;
        await Change(account, set => set
            .SetProperty(one => one.FirstUsedAt, at)
            .SetProperty(one => one.LastUse!.At, at)
            .SetProperty(one => one.LastUse!.UserAgent, Okta));
        return at;
    }

    private Task<int> Change(
        Account account, Action<UpdateSettersBuilder<CredentialSet>> change) =>
        server.WithDatabase(db => db.CredentialSets.Where(set => set.AccountId == account.Id)
            .ExecuteUpdateAsync(change));

    private static string Tile(Page page, string heading) =>
        Page.TextOf(page.Document.GetElementById(heading)!.Closest("section")!);

    private void Answer(PortalOverview figures)
    {
        scim.Reset();
        scim.Given(Request.Create().WithPath("/portal/overview").UsingGet()).RespondWith(Response.Create()
            .WithHeader("Content-Type", "application/json").WithBody(JsonSerializer.Serialize(figures)));
    }

    private static PortalOverview Figures(
        int people = 1, int refusals = 0, bool hasMore = false, ProductSeats? seats = null) => new()
        {
            Days = [.. Days().SkipLast(1), Days((13, 12, refusals))[^1] with { HasMore = hasMore }],
            PeopleChangedToday = people,
            Refusals = [],
            Seats = [seats ?? new() { Product = "portal", Seats = 3, Used = 1 }],
            HasRequested = true,
            HasProvisioned = true,
        };

    private static List<PortalDay> Days(params (int Index, int Changes, int Refusals)[] busy) =>
    [
        .. Enumerable.Range(0, 14).Select(index => new PortalDay
        {
            Day = new DateOnly(2026, 11, 15).AddDays(index),
            Changes = busy.Where(day => day.Index == index).Sum(day => day.Changes),
            Refusals = busy.Where(day => day.Index == index).Sum(day => day.Refusals),
        }),
    ];
}
